// Complaints created and closed a day, as lines. The table below the chart holds the same numbers.

const DESCRIPTION =
  "Line chart of complaints created and closed each day; the table below holds its numbers.";
const element = document.querySelector("#flow-chart");
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const still = window.matchMedia("(prefers-reduced-motion: reduce)");
const count = new Intl.NumberFormat("en-US");

if (element) {
  const flow = JSON.parse(document.querySelector("#flow-data").textContent);
  const chart = window.echarts.init(element);
  const draw = () => chart.setOption(options(flow), { notMerge: true });
  draw();
  dark.addEventListener("change", draw);
  new ResizeObserver(() => chart.resize()).observe(element);
  // Paper is white whatever the screen shows; the chart follows the page's colours.
  window.matchMedia("print").addEventListener("change", () => { draw(); chart.resize(); });
}

function options(flow) {
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const ink = colour("--ink");
  const soft = colour("--ink-soft");
  const line = colour("--line");
  const fontSize = 0.8 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  return {
    animation: !still.matches,
    animationDuration: 300,
    aria: { enabled: true, label: { description: DESCRIPTION } },
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
        dayInWords(points[0].axisValue),
        ...points.map((point) => `${point.seriesName}: ${count.format(point.value)}`),
      ].join("\n"),
    },
    xAxis: {
      type: "category",
      data: flow.days,
      boundaryGap: false,
      axisLine: { lineStyle: { color: line } },
      axisTick: { show: false },
      axisLabel: { color: soft, fontSize, margin: fontSize, hideOverlap: true, formatter: shortDay },
    },
    yAxis: {
      type: "value",
      axisLabel: { color: soft, fontSize, formatter: (value) => count.format(value) },
      splitLine: { lineStyle: { color: line } },
    },
    series: [
      series("Created", flow.created, colour("--created"), "circle", "solid"),
      series("Closed", flow.closed, colour("--closed"), "diamond", "dashed"),
    ],
  };
}

// Form and dash differ as well as colour, for eyes and printers that know no colour.
function series(name, data, color, symbol, dash) {
  return {
    name,
    data,
    type: "line",
    symbol,
    symbolSize: 7,
    color,
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

function dayInWords(day) {
  return utc(day).toLocaleDateString("en-GB", {
    timeZone: "UTC", weekday: "long", day: "numeric", month: "long", year: "numeric",
  });
}
