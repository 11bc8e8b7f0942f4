// A point on the map: chosen by a visitor, or the hexagon of a complaint.

import { look } from "./look.js";
import { layTiles } from "./tiles.js";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const element = document.querySelector("#point-map");
const question = document.querySelector("#question");

if (element && window.L) begin();
if (question && navigator.geolocation) offerPosition();

function begin() {
  const words = element.dataset;
  const map = window.L.map(element, {
    preferCanvas: true, attributionControl: false, scrollWheelZoom: false, zoomSnap: 0.25,
  }).fitBounds([[Number(words.south), Number(words.west)], [Number(words.north), Number(words.east)]]);
  if (words.tiles) layTiles(map, words);
  drawOutlines(map, words.outlines);
  if (words.cell) showHexagon(map, words.cell);
  if (question) choosePoint(map);
  new ResizeObserver(() => map.invalidateSize()).observe(element);
}

async function drawOutlines(map, address) {
  const response = await fetch(address);
  if (!response.ok) return;
  const { boroughs } = await response.json();
  const shapes = Object.values(boroughs).map((rings) =>
    window.L.polygon(rings.map((ring) => [ring]), { weight: 1.4, interactive: false }).addTo(map));
  const paint = () => {
    const { soft, line } = look();
    for (const shape of shapes) shape.setStyle({ color: soft, fillColor: line, fillOpacity: 0.45 }).bringToBack();
  };
  paint();
  dark.addEventListener("change", paint);
}

function showHexagon(map, cell) {
  const shape = window.L.polygon(window.h3.cellToBoundary(cell), { color: look().accent, weight: 3, interactive: false }).addTo(map);
  map.fitBounds(shape.getBounds().pad(16));
}

function choosePoint(map) {
  const { latitude, longitude } = question.elements;
  const here = () => [Number(latitude.value), Number(longitude.value)];
  const marker = window.L.circleMarker(here(), { radius: 9, weight: 3, color: look().accent, fillOpacity: 0.35, interactive: false }).addTo(map);
  map.on("click", ({ latlng }) => setPoint(latlng.lat, latlng.lng));
  question.addEventListener("input", () => here().every(Number.isFinite) && marker.setLatLng(here()));
}

function setPoint(lat, lng) {
  const { latitude, longitude } = question.elements;
  latitude.value = lat.toFixed(5);
  longitude.value = lng.toFixed(5);
  for (const name of ["input", "change"]) longitude.dispatchEvent(new Event(name, { bubbles: true }));
}

function offerPosition() {
  const button = document.querySelector("#use-position");
  const refused = document.querySelector("#position-refused");
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    refused.hidden = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        button.disabled = false;
        setPoint(coords.latitude, coords.longitude);
      },
      () => {
        button.disabled = false;
        refused.textContent = button.dataset.refused;
        refused.hidden = false;
      },
      { timeout: 10_000 },
    );
  });
}
