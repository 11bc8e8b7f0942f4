// The share of promises kept, by week of filing. The table below the chart holds the same numbers.

import { dayInWords, drawLines } from "./lines.js";

const element = document.querySelector("#promises-chart");

if (element) {
  const { weeks, kept, target } = JSON.parse(document.querySelector("#promises-data").textContent);
  drawLines(element, {
    description:
      "Line chart of the share of promised ranges that were kept, by week of filing, beside the " +
      "share that was meant; the table below holds its numbers.",
    days: weeks,
    format: (value) => `${value} %`,
    title: (day) => `Filed in the week of ${dayInWords(day)}`,
    axis: { min: 0, max: 100 },
    lines: [
      { name: "Kept", data: kept, colour: "--created", symbol: "circle", dash: "solid" },
      {
        name: "Meant",
        data: weeks.map(() => target),
        colour: "--closed",
        symbol: "none",
        dash: "dashed",
      },
    ],
  });
}
