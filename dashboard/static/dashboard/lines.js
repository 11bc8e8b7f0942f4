// Lines over time, as all charts of the page draw them. A table below each holds the same numbers.

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const still = window.matchMedia("(prefers-reduced-motion: reduce)");

/**
 * Draw lines and keep them fit for the screen.
 *
 * `chart` has `description`, `days` (ISO dates), `lines` (`{name, data, colour, symbol, dash}`, colour a
 * custom property of the page), `format` for values, `title` for a day, and `axis` for ECharts' yAxis.
 */
export function drawLines(element, chart) {
  const drawn = window.echarts.init(element);
  const draw = () => drawn.setOption(options(chart), { notMerge: true });
  draw();
  dark.addEventListener("change", draw);
  new ResizeObserver(() => drawn.resize()).observe(element);
  // Paper is white whatever the screen shows; the chart follows the page's colours.
  window.matchMedia("print").addEventListener("change", () => { draw(); drawn.resize(); });
}

function options({ description, days, lines, format, title, axis = {} }) {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const ink = colour("--ink");
  const soft = colour("--ink-soft");
  const line = colour("--line");
  const fontSize = 0.8 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  return {
    animation: !still.matches,
    animationDuration: 300,
    aria: { enabled: true, label: { description } },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: soft, fontSize },
    grid: { left: 8, right: 12, top: 3 * fontSize, bottom: 4, outerBoundsMode: "same" },
    legend: { top: 0, left: 0, itemGap: 20, textStyle: { color: ink, fontSize: 1.1 * fontSize } },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: colour("--card"),
      borderColor: line,
      textStyle: { color: ink, fontSize: 1.1 * fontSize },
      formatter: (points) => [
        title(points[0].axisValue),
        ...points.map((point) => `${point.seriesName}: ${format(point.value)}`),
      ].join("\n"),
    },
    xAxis: {
      type: "category",
      data: days,
      boundaryGap: false,
      axisLine: { lineStyle: { color: line } },
      axisTick: { show: false },
      axisLabel: { color: soft, fontSize, margin: fontSize, hideOverlap: true, formatter: shortDay },
    },
    yAxis: {
      type: "value",
      axisLabel: { color: soft, fontSize, formatter: format },
      splitLine: { lineStyle: { color: line } },
      ...axis,
    },
    series: lines.map((one) => series({ ...one, colour: colour(one.colour) })),
  };
}

// Form and dash differ as well as colour, for eyes and printers that know no colour.
function series({ name, data, colour, symbol, dash }) {
  return {
    name,
    data,
    type: "line",
    symbol,
    symbolSize: 7,
    color: colour,
    lineStyle: { width: 2.5, type: dash },
    emphasis: { focus: "series" },
  };
}

function utc(day) {
  return new Date(`${day}T00:00:00Z`);
}

function shortDay(day) {
  return utc(day).toLocaleDateString("en-GB", { timeZone: "UTC", day: "numeric", month: "short" });
}

/** `Wednesday 10 July 2019`. */
export function dayInWords(day) {
  return utc(day).toLocaleDateString("en-GB", {
    timeZone: "UTC", weekday: "long", day: "numeric", month: "long", year: "numeric",
  });
}
