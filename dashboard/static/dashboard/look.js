// The page's colours and sizes as numbers for charts and map, and numbers as readers write them.

/** What the style sheet says now; it differs between light, dark and paper. */
export function look() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    ink: colour("--ink"),
    soft: colour("--ink-soft"),
    line: colour("--line"),
    card: colour("--card"),
    paper: colour("--paper"),
    accent: colour("--accent"),
    created: colour("--created"),
    closed: colour("--closed"),
    open: colour("--open"),
    likely: colour("--likely"),
    ramp: [1, 2, 3, 4, 5].map((step) => colour(`--ramp-${step}`)),
    size: 0.78 * parseFloat(style.fontSize),
  };
}

// As the server writes them, in every language.
const counts = new Intl.NumberFormat("en-US");

/** `12,345` */
export function count(number) {
  return counts.format(number);
}

/** `37 %` */
export function percent(share) {
  return `${Math.round(100 * share)}\u00a0%`;
}

/** `40 min`, `3.2 h`, `2 d`: shorter than the words of the server, which has the same steps. */
export function hours(value, [minutes, hour, day]) {
  if (value < 1) return `${Math.max(1, Math.round(60 * value))}\u00a0${minutes}`;
  if (value < 10) return `${counts.format(Math.round(10 * value) / 10)}\u00a0${hour}`;
  if (value < 48) return `${Math.round(value)}\u00a0${hour}`;
  return `${counts.format(Math.round(value / 24))}\u00a0${day}`;
}

/** A pattern of slanted lines: a filled area keeps its form for eyes and printers that know no colour. */
export function hatch(colour) {
  return { symbol: "rect", symbolSize: 1, dashArrayX: [1, 0], dashArrayY: [2, 5], rotation: -Math.PI / 4, color: colour };
}

/** An axis of hours on a logarithmic scale, labelled where people think. */
export function hourAxis(ticks, { soft, line, size }, low, high) {
  const labels = new Map(ticks.map((tick) => [Math.log10(tick.hours), tick.label]));
  return {
    type: "value",
    min: Math.log10(low),
    max: Math.log10(high),
    axisLine: { show: true, onZero: false, lineStyle: { color: line } },
    axisTick: { show: true, customValues: [...labels.keys()], lineStyle: { color: line } },
    axisLabel: {
      color: soft,
      fontSize: size,
      hideOverlap: true,
      customValues: [...labels.keys()],
      formatter: (value) => labels.get(value) ?? "",
    },
    splitLine: { show: false },
  };
}

/** A plain axis of numbers. */
export function numberAxis({ soft, line, size }, more = {}) {
  return {
    type: "value",
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: soft, fontSize: size, formatter: count },
    splitLine: { lineStyle: { color: line } },
    splitNumber: 4,
    ...more,
  };
}
