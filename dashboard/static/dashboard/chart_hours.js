// How long closing takes, on a logarithmic scale: as bars, as boxes, as shares.

import { count, hatch, hourAxis, numberAxis, percent } from "./look.js";

const log = Math.log10;

export function histogram({ bars, marks, ticks, words, name }, look) {
  const { size, ink, soft, created, closed } = look;
  return {
    grid: { left: 8, right: 16, top: 3.8 * size, bottom: 4, outerBoundsMode: "same" },
    xAxis: hourAxis(ticks, look, bars[0][0], bars.at(-1)[1]),
    yAxis: numberAxis(look),
    tooltip: tooltip(look, ({ dataIndex }) => `${words[dataIndex]}\n${name}: ${count(bars[dataIndex][2])}`),
    series: [{
      type: "custom",
      name,
      encode: { x: [0, 1], y: 2 },
      data: bars.map(([low, high, number]) => [log(low), log(high), number]),
      itemStyle: { color: created },
      renderItem: (_, api) => {
        const [left, top] = api.coord([api.value(0), api.value(2)]);
        const [right, bottom] = api.coord([api.value(1), 0]);
        return {
          type: "rect",
          shape: { x: left + 0.5, y: top, width: Math.max(right - left - 1, 1), height: bottom - top, r: [2, 2, 0, 0] },
          style: { fill: created },
          emphasis: { style: { fill: closed } },
        };
      },
      markLine: {
        symbol: "none",
        silent: true,
        lineStyle: { color: ink, type: "dashed" },
        label: { color: ink, fontSize: size, formatter: ({ name: text }) => text, distance: 4 },
        // One above the other: on a phone they would not fit side by side.
        data: marks.map((mark, number) => ({
          xAxis: log(mark.hours),
          name: `${mark.name}: ${mark.label}`,
          label: { distance: 4 + 1.4 * size * number },
        })),
      },
    }],
  };
}

export function boxes({ names, titles, boxes: found, words, levels, ticks }, look) {
  const { size, soft, line, created, likely, ink, card } = look;
  const low = Math.min(...found.map(([first]) => first)) / 1.3;
  const high = Math.max(...found.map((box) => box.at(-1))) * 1.3;
  return {
    grid: { left: 8, right: 16, top: 8, bottom: 4, outerBoundsMode: "same" },
    xAxis: { ...hourAxis(ticks.filter((tick) => tick.hours > low && tick.hours < high), look, low, high), splitLine: { show: true, lineStyle: { color: line } } },
    yAxis: {
      type: "category",
      inverse: true,
      data: names,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { color: ink, fontSize: size, interval: 0 },
    },
    tooltip: tooltip(look, ({ dataIndex }) => [
      titles[dataIndex], ...levels.map((level, number) => `${level}: ${words[dataIndex][number]}`),
    ].join("\n")),
    series: [{
      type: "boxplot",
      data: found.map((box) => box.map(log)),
      itemStyle: { color: likely, borderColor: created, borderWidth: 1.5, decal: hatch(card) },
      boxWidth: [6, 18],
    }],
  };
}

export function shares({ series, ticks, scale }, look) {
  const { size, ink, created, closed } = look;
  const colours = [created, closed];
  return {
    grid: { left: 8, right: 16, top: 3 * size, bottom: 4, outerBoundsMode: "same" },
    legend: { top: 0, left: 0, itemWidth: 30, textStyle: { color: ink, fontSize: 1.1 * size } },
    xAxis: hourAxis(ticks, look, ...scale),
    yAxis: numberAxis(look, { min: 0, max: 1, interval: 0.25, axisLabel: { color: look.soft, fontSize: size, formatter: percent } }),
    tooltip: { show: false },
    series: series.map(({ name, data }, number) => ({
      name,
      type: "line",
      data: data.map(([hours, share]) => [log(hours), share]),
      symbol: "none",
      color: colours[number],
      lineStyle: { width: 2.25, type: number ? "dashed" : "solid" },
    })),
  };
}

export function tooltip({ ink, size, card, line }, formatter) {
  return {
    trigger: "item",
    renderMode: "richText",
    confine: true,
    backgroundColor: card,
    borderColor: line,
    textStyle: { color: ink, fontSize: 1.05 * size },
    formatter,
  };
}
