// The pages' own behaviour: charts, map, live figures, and what makes the filter pleasant.

import { drawCharts } from "./charts.js";
import { drawMap } from "./map.js";
import { watch } from "./live.js";

function enliven(root) {
  drawCharts();
  const map = document.querySelector("#map-canvas");
  if (map && window.L && window.h3) drawMap(map);
  offerSharing(root.querySelector("#share"));
  for (const search of root.querySelectorAll("[data-search]")) searchAmong(search);
}

function offerSharing(button) {
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  const before = button.textContent;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href);
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = before; }, 2000);
  });
}

function searchAmong(search) {
  const labels = [...search.closest(".choices").querySelectorAll(".options label")];
  search.addEventListener("input", () => {
    const wanted = search.value.toLocaleLowerCase();
    for (const label of labels) label.hidden = !label.textContent.toLocaleLowerCase().includes(wanted);
  });
  // Enter would submit the form with nothing chosen.
  search.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
}

document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.picker[open]")) {
    if (!open.contains(event.target)) open.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const open = document.querySelector("details.picker[open]");
  if (!open) return;
  open.open = false;
  open.querySelector("summary").focus();
});

if (window.htmx) {
  document.body.addEventListener("htmx:load", (event) => enliven(event.detail.elt));
  document.body.addEventListener("htmx:beforeRequest", () => document.body.setAttribute("data-busy", ""));
  document.body.addEventListener("htmx:afterRequest", () => document.body.removeAttribute("data-busy"));
  // A refused filter answers 400 with a page that says why.
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.xhr.status === 400) {
      event.detail.shouldSwap = true;
      event.detail.isError = false;
    }
  });
}
enliven(document.body);
watch();
