// Draws what a page brings as JSON. Every word comes with the data, in the page's language; the table
// below each chart holds the same numbers.

import { flow } from "./chart_flow.js";
import { boxes, histogram, shares } from "./chart_hours.js";
import { heat } from "./chart_heat.js";
import { calibration, curve, kept } from "./chart_forecast.js";
import { look } from "./look.js";

const kinds = { flow, histogram, boxes, shares, heat, calibration, curve, kept };
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const paper = window.matchMedia("print");
const drawn = new Map();

/** Draw every chart of the page that is not drawn yet. */
export function drawCharts() {
  if (!window.echarts) return;
  forget();
  for (const element of document.querySelectorAll("[data-chart]")) {
    if (!drawn.has(element)) drawOne(element);
  }
}

function drawOne(element) {
  const data = JSON.parse(document.getElementById(element.dataset.chart).textContent);
  const chart = window.echarts.init(element);
  drawn.set(element, { chart, data });
  draw(element);
  new ResizeObserver(() => chart.resize()).observe(element);
  chart.on("click", ({ dataIndex }) => {
    const query = data.queries?.[dataIndex];
    if (query !== undefined) open(query);
  });
  offerPicture(element, chart);
}

function draw(element) {
  const { chart, data } = drawn.get(element);
  chart.setOption({ ...common(data), ...kinds[data.kind](data, look()) }, { notMerge: true });
  element.setAttribute("role", "img");
}

function common(data) {
  const { ink, soft, size, card, line } = look();
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  return {
    animation: !still,
    animationDuration: 300,
    // Charts hatch what is filled beside something else; `show` would put a pattern on every series,
    // on the symbols of lines and the cells of the heat map too.
    aria: { enabled: true, label: { description: data.description }, decal: { show: false } },
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: soft, fontSize: size },
    tooltip: {
      trigger: "item",
      renderMode: "richText",
      confine: true,
      backgroundColor: card,
      borderColor: line,
      textStyle: { color: ink, fontSize: 1.05 * size },
    },
  };
}

/** Go to the same page with another choice. */
export function open(query) {
  const target = document.querySelector("#board");
  const address = `${location.pathname}?${query}`;
  if (window.htmx && target) {
    window.htmx.ajax("GET", address, { target, select: "#board", swap: "outerHTML" })
      .then(() => history.pushState({ htmx: true }, "", address));
  } else {
    location.assign(address);
  }
}

function offerPicture(element, chart) {
  const button = document.querySelector(`[data-png="${element.dataset.name}"]`);
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const link = document.createElement("a");
    link.href = chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor: look().card });
    link.download = `${element.dataset.name}.png`;
    link.click();
  });
}

function forget() {
  for (const [element, { chart }] of drawn) {
    if (element.isConnected) continue;
    drawn.delete(element);
    leave(chart);
  }
}

/** Dispose of a chart once it paints no more: on a slow machine it paints over several frames, and
 *  ECharts 6.1 would go on painting what is disposed of. Nothing to paint is painted in one. */
function leave(chart) {
  chart.clear();
  requestAnimationFrame(() => requestAnimationFrame(() => chart.dispose()));
}

function drawAgain() {
  for (const [element, { chart }] of drawn) {
    draw(element);
    chart.resize();
  }
}

dark.addEventListener("change", drawAgain);
// Paper is white whatever the screen shows; charts follow the page's colours.
paper.addEventListener("change", drawAgain);
