// What a forecast says as a curve, and how well forecasts came true.

import { hatch, hourAxis, numberAxis, percent } from "./look.js";
import { tooltip } from "./chart_hours.js";

const log = Math.log10;

/** The chance of being closed by each hour, with the range of eight in ten. */
export function curve({ points, range, median, ticks, words, names }, look) {
  const { size, ink, accent, likely } = look;
  return {
    grid: { left: 8, right: 16, top: 2.4 * size, bottom: 4, outerBoundsMode: "same" },
    xAxis: hourAxis(ticks, look, points[0][0], points.at(-1)[0]),
    yAxis: shareAxis(look),
    tooltip: {
      ...tooltip(look, (found) => {
        const point = Array.isArray(found) ? found[0] : found;
        return `${words[point.dataIndex]}\n${names.chance}: ${percent(point.value[1])}`;
      }),
      trigger: "axis",
    },
    series: [{
      type: "line",
      data: points.map(([hours, share]) => [log(hours), share]),
      symbol: "none",
      smooth: 0.2,
      smoothMonotone: "x",
      color: accent,
      lineStyle: { width: 3 },
      areaStyle: { opacity: 0.08 },
      markArea: {
        silent: true,
        itemStyle: { color: likely, opacity: 0.3 },
        label: { color: ink, fontSize: size, position: "insideTopLeft" },
        data: [[{ xAxis: log(range[0]), name: names.range }, { xAxis: log(range[1]) }]],
      },
      markLine: {
        symbol: ["none", "circle"],
        silent: true,
        lineStyle: { color: ink, type: "dashed" },
        label: { color: ink, fontSize: size, formatter: names.median },
        data: [{ xAxis: log(median) }],
      },
    }, hatched(range, names.range, likely)],
  };
}

// The range again, as a series: a marked area itself cannot be hatched.
function hatched(range, name, colour) {
  return {
    name,
    type: "line",
    data: range.map((hours) => [log(hours), 1]),
    symbol: "none",
    silent: true,
    tooltip: { show: false },
    z: 0,
    color: colour,
    lineStyle: { width: 0 },
    areaStyle: { color: "transparent", opacity: 0.6 },
    itemStyle: { decal: hatch(colour) },
  };
}

/** What was said against what came true; on the line both agree. */
export function calibration({ series, names }, look) {
  const { size, ink, soft, created, closed, open } = look;
  const colours = [created, closed, open];
  const symbols = ["circle", "diamond", "triangle"];
  return {
    grid: { left: 8, right: 24, top: 3 * size, bottom: 1.6 * size, outerBoundsMode: "same" },
    legend: { top: 0, left: 0, textStyle: { color: ink, fontSize: size } },
    xAxis: { ...shareAxis(look), name: names.said, nameLocation: "middle", nameGap: 2.2 * size, nameTextStyle: { color: soft, fontSize: size } },
    yAxis: { ...shareAxis(look), name: names.came, nameTextStyle: { color: soft, fontSize: size, align: "left" } },
    tooltip: tooltip(look, ({ seriesName, value }) =>
      `${seriesName}\n${names.said}: ${percent(value[0])}\n${names.came}: ${percent(value[1])}`),
    series: [
      ...series.map(({ name, data }, number) => ({
        name,
        type: "line",
        data,
        color: colours[number],
        symbol: symbols[number],
        symbolSize: 8,
        lineStyle: { width: 2, type: ["solid", "dashed", "dotted"][number] },
      })),
      {
        type: "line",
        data: [[0, 0], [1, 1]],
        symbol: "none",
        silent: true,
        tooltip: { show: false },
        color: soft,
        lineStyle: { width: 1, type: "dotted" },
      },
    ],
  };
}

/** The share of ranges kept, by week or by kind, beside the share that was meant. */
export function kept({ labels, data, target, names, isLine }, look) {
  const { size, ink, soft, line, created, closed, card } = look;
  return {
    grid: { left: 8, right: 16, top: 3 * size, bottom: 4, outerBoundsMode: "same" },
    legend: { top: 0, left: 0, textStyle: { color: ink, fontSize: size } },
    xAxis: {
      type: "category",
      data: labels,
      axisLine: { lineStyle: { color: line } },
      axisTick: { show: false },
      axisLabel: { color: soft, fontSize: size, hideOverlap: true, rotate: isLine ? 0 : 30 },
    },
    yAxis: shareAxis(look),
    tooltip: { ...tooltip(look, (found) => [found[0].axisValue, ...found.map((one) => `${one.seriesName}: ${percent(one.value)}`)].join("\n")), trigger: "axis" },
    series: [
      { name: names.kept, type: isLine ? "line" : "bar", data, color: created, symbolSize: 7, barMaxWidth: 26, lineStyle: { width: 2.25 }, itemStyle: isLine ? {} : { decal: hatch(card) } },
      { name: names.meant, type: "line", data: labels.map(() => target), symbol: "none", color: closed, lineStyle: { width: 2, type: "dashed" } },
    ],
  };
}

function shareAxis(look) {
  return numberAxis(look, {
    min: 0,
    max: 1,
    interval: 0.25,
    axisLabel: { color: look.soft, fontSize: look.size, formatter: percent },
  });
}
