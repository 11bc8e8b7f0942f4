// Hexagons on a canvas, with the outlines of boroughs; no tiles unless the city asks for them.

import { open } from "./charts.js";
import { count, hours, look, percent } from "./look.js";
import { layTiles } from "./tiles.js";

const [CELL, OPENED, HALF, LATE] = [0, 1, 2, 3];
const dark = window.matchMedia("(prefers-color-scheme: dark)");

/** Draw the map in its element, once. */
export async function drawMap(element) {
  if (element.dataset.drawn) return;
  element.dataset.drawn = "true";
  const words = element.dataset;
  const frame = [[Number(words.south), Number(words.west)], [Number(words.north), Number(words.east)]];
  const map = window.L.map(element, {
    preferCanvas: true,
    attributionControl: false,
    scrollWheelZoom: false,
    zoomSnap: 0.25,
    keyboard: true,
  }).fitBounds(frame);
  if (words.tiles) layTiles(map, words);
  try {
    const [places, outlines] = await Promise.all([words.places, words.outlines].map(read));
    show(map, element, places, outlines);
  } catch {
    const note = document.createElement("p");
    note.className = "error";
    note.textContent = words.failed;
    element.replaceChildren(note);
  }
}

async function read(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(`${response.status}`);
  return response.json();
}

function show(map, element, places, outlines) {
  const section = element.closest("section");
  const hexagons = places.cells.map((values) => ({
    values,
    name: outlines.names[values[CELL]] ?? element.dataset.noArea,
    shape: window.L.polygon(window.h3.cellToBoundary(values[CELL]), { weight: 0.5 }),
  }));
  const lines = Object.entries(outlines.boroughs).map(([, rings]) =>
    window.L.polygon(rings.map((ring) => [ring]), { fill: false, weight: 1.6, interactive: false }));
  for (const { shape } of hexagons) shape.addTo(map);
  for (const line of lines) line.addTo(map);
  const all = window.L.featureGroup(hexagons.map((one) => one.shape));
  if (hexagons.length) map.fitBounds(all.getBounds(), { padding: [8, 8] });
  let metric = OPENED;
  const paint = () => colour(section, hexagons, lines, metric, element.dataset);
  paint();
  for (const one of hexagons) {
    one.shape.bindTooltip(() => told(one, element.dataset), { sticky: true, direction: "top" });
    one.shape.on("click", () => narrow(one.values[CELL]));
  }
  for (const button of section.querySelectorAll("[data-metric]")) {
    button.addEventListener("click", () => {
      metric = Number(button.dataset.metric);
      for (const other of section.querySelectorAll("[data-metric]")) {
        other.setAttribute("aria-pressed", String(other === button));
      }
      paint();
    });
  }
  dark.addEventListener("change", paint);
  new ResizeObserver(() => map.invalidateSize()).observe(element);
  list(section, hexagons, places, element.dataset);
  element.dataset.ready = String(hexagons.length);
}

function narrow(cell) {
  const query = new URLSearchParams(location.search);
  query.delete("cursor");
  query.set("cell", cell);
  open(query.toString());
}

function told({ values, name }, words) {
  const text = document.createElement("div");
  const title = document.createElement("b");
  title.textContent = name;
  const units = words.units.split("|");
  const facts = [
    `${words.opened}: ${count(values[OPENED])}`,
    `${words.half}: ${values[HALF] === null ? words.unknown : hours(values[HALF], units)}`,
    ...(values[LATE] === null ? [] : [`${words.late}: ${percent(values[LATE])}`]),
  ];
  text.append(title, ...facts.map((fact) => Object.assign(document.createElement("div"), { textContent: fact })));
  return text;
}

/** Colours by quantiles, so that a few busy hexagons do not make all others pale. */
function colour(section, hexagons, lines, metric, words) {
  const { ramp, line, soft, ink } = look();
  const known = hexagons.map((one) => one.values[metric]).filter((value) => value !== null).sort((a, b) => a - b);
  const bounds = [0.2, 0.4, 0.6, 0.8].map((share) => known[Math.floor(share * known.length)]);
  for (const { values, shape } of hexagons) {
    const value = values[metric];
    const step = value === null ? null : bounds.filter((bound) => value >= bound).length;
    shape.setStyle({
      color: line,
      fillColor: step === null ? line : ramp[step],
      fillOpacity: step === null ? 0.25 : 0.85,
    });
  }
  for (const outline of lines) outline.setStyle({ color: ink });
  legend(section.querySelector('[data-part="legend"]'), known, bounds, ramp, metric, words);
}

function legend(place, known, bounds, ramp, metric, words) {
  const units = words.units.split("|");
  const format = { [OPENED]: count, [HALF]: (value) => hours(value, units), [LATE]: percent }[metric];
  if (!known.length) {
    place.replaceChildren(Object.assign(document.createElement("li"), { textContent: metric === LATE ? words.nothing : words.empty }));
    return;
  }
  const edges = [known[0], ...bounds, known.at(-1)];
  const steps = ramp.map((fill, number) => ({ fill, from: edges[number], to: edges[number + 1] }));
  place.replaceChildren(...steps
    .filter(({ from, to }, number) => from !== to || number === 0)
    .map(({ fill, from, to }) => {
      const item = document.createElement("li");
      const swatch = document.createElement("i");
      swatch.style.backgroundColor = fill;
      const text = format(from) === format(to) ? format(from) : `${format(from)} – ${format(to)}`;
      item.append(swatch, text);
      return item;
    }));
}

function list(section, hexagons, places, words) {
  const areas = new Map();
  for (const { values, name } of hexagons) {
    const sums = areas.get(name) ?? [0, 0];
    areas.set(name, [sums[0] + values[OPENED], sums[1] + 1]);
  }
  const rows = [...areas].sort(([, a], [, b]) => b[0] - a[0]);
  if (places.unplaced) rows.push([words.unplaced, [places.unplaced, 0]]);
  section.querySelector('[data-part="areas"]').replaceChildren(...rows.map(([name, [filed, cells]]) => {
    const row = document.createElement("tr");
    const head = Object.assign(document.createElement("th"), { scope: "row", textContent: name });
    const cell = (text) => Object.assign(document.createElement("td"), { textContent: text });
    row.append(head, cell(count(filed)), cell(cells ? count(cells) : "–"));
    return row;
  }));
}
