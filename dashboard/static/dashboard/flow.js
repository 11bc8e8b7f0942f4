// Complaints created and closed a day, as lines. The table below the chart holds the same numbers.

import { dayInWords, drawLines } from "./lines.js";

const element = document.querySelector("#flow-chart");
const count = new Intl.NumberFormat("en-US");

if (element) {
  const flow = JSON.parse(document.querySelector("#flow-data").textContent);
  drawLines(element, {
    description:
      "Line chart of complaints created and closed each day; the table below holds its numbers.",
    days: flow.days,
    format: (value) => count.format(value),
    title: dayInWords,
    lines: [
      { name: "Created", data: flow.created, colour: "--created", symbol: "circle", dash: "solid" },
      { name: "Closed", data: flow.closed, colour: "--closed", symbol: "diamond", dash: "dashed" },
    ],
  });
}
