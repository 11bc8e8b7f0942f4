// Opened and closed above, still open below, on one axis of time.

import { count, hatch, numberAxis } from "./look.js";

export function flow({ labels, short, series }, look) {
  const { ink, soft, line, size } = look;
  const axis = (index, isLabelled) => ({
    type: "category",
    data: labels,
    gridIndex: index,
    boundaryGap: false,
    axisLine: { lineStyle: { color: line } },
    axisTick: { show: false },
    axisLabel: {
      show: isLabelled,
      color: soft,
      fontSize: size,
      margin: size,
      hideOverlap: true,
      formatter: (_, position) => short[position],
    },
    axisPointer: { lineStyle: { color: soft } },
  });
  const [filed, closed, waiting] = series;
  // Both parts begin at the same place, however long the numbers beside them.
  const most = Math.max(...series.flatMap((one) => one.data), 0);
  const left = 0.62 * size * (count(most).length + 1) + 12;
  return {
    grid: [
      { left, right: 30, top: 3 * size, height: "50%", outerBoundsMode: "none" },
      { left, right: 30, top: "70%", bottom: 2.4 * size, outerBoundsMode: "none" },
    ],
    legend: {
      top: 0, left: 0, itemGap: 18, itemWidth: 30, textStyle: { color: ink, fontSize: 1.1 * size },
    },
    axisPointer: { link: [{ xAxisIndex: "all" }] },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      backgroundColor: look.card,
      borderColor: line,
      textStyle: { color: ink, fontSize: 1.05 * size },
      formatter: (points) => [
        points[0].axisValue,
        ...series.map((one) => `${one.name}: ${count(one.data[points[0].dataIndex])}`),
      ].join("\n"),
    },
    xAxis: [axis(0, false), axis(1, true)],
    yAxis: [
      numberAxis(look, { gridIndex: 0 }),
      numberAxis(look, { gridIndex: 1, splitNumber: 2 }),
    ],
    series: [
      drawn(filed, look.created, "circle", "solid", 0),
      drawn(closed, look.closed, "diamond", "dashed", 0),
      {
        ...drawn(waiting, look.open, "none", "solid", 1),
        areaStyle: { opacity: 0.3 },
        itemStyle: { color: look.open, decal: hatch(look.open) },
      },
    ],
  };
}

// Form and dash differ as well as colour, for eyes and printers that know no colour.
function drawn({ name, data }, colour, symbol, dash, index) {
  return {
    name,
    data,
    type: "line",
    symbol,
    symbolSize: data.length > 60 ? 0 : 6,
    color: colour,
    xAxisIndex: index,
    yAxisIndex: index,
    lineStyle: { width: 2.25, type: dash },
    itemStyle: { color: colour },
  };
}
