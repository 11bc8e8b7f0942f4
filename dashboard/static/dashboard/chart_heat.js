// Weekday by hour.

import { count } from "./look.js";
import { tooltip } from "./chart_hours.js";

export function heat({ days, cells, name }, look) {
  const { size, soft, ink, card, ramp } = look;
  const data = cells.flatMap((row, day) => row.map((number, hour) => [hour, day, number]));
  const most = Math.max(...data.map(([, , number]) => number), 1);
  const axis = { axisLine: { show: false }, axisTick: { show: false }, splitArea: { show: false } };
  return {
    grid: { left: 8, right: 8, top: 8, bottom: 3.4 * size, outerBoundsMode: "same" },
    xAxis: {
      type: "category",
      data: [...Array(24).keys()].map((hour) => `${String(hour).padStart(2, "0")}:00`),
      axisLabel: { color: soft, fontSize: size, interval: 2 },
      ...axis,
    },
    yAxis: { type: "category", inverse: true, data: days, axisLabel: { color: ink, fontSize: size }, ...axis },
    visualMap: {
      min: 0,
      max: most,
      calculable: false,
      orient: "horizontal",
      left: "center",
      bottom: 0,
      itemWidth: size,
      itemHeight: 10 * size,
      text: [count(most), "0"],
      textStyle: { color: soft, fontSize: size },
      inRange: { color: ramp },
    },
    tooltip: tooltip(look, ({ value: [hour, day, number] }) =>
      `${days[day]} ${String(hour).padStart(2, "0")}:00\n${name}: ${count(number)}`),
    series: [{
      type: "heatmap",
      data,
      itemStyle: { borderColor: card, borderWidth: 1.5, borderRadius: 2 },
      emphasis: { itemStyle: { borderColor: ink } },
    }],
  };
}
