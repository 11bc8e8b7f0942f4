// "How long will it take?": asks /predict/ without leaving the page. Without this module the form
// asks the page itself, and dashboard/answers.py draws the same answer.

import { chanceInWords, momentInWords } from "./words.js";

const form = document.querySelector("#forecast form");
const place = document.querySelector("#answer");
const template = document.querySelector("#answer-template");
const positionButton = document.querySelector("#use-position");
let asking = new AbortController();

if (form) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask();
  });
  form.addEventListener("change", () => form.checkValidity() && ask());
  if (navigator.geolocation) {
    positionButton.hidden = false;
    positionButton.addEventListener("click", usePosition);
  }
}

async function ask() {
  asking.abort();
  asking = new AbortController();
  const question = new URLSearchParams(new FormData(form));
  history.replaceState(null, "", `?${question}#forecast`);
  const kind = question.get("complaint_type");
  question.delete("complaint_type");
  question.set("why", "true");
  place.setAttribute("aria-busy", "true");
  try {
    const address = `${form.dataset.predict}${encodeURIComponent(kind)}?${question}`;
    const response = await fetch(address, { signal: asking.signal });
    const body = await response.json();
    place.replaceChildren(response.ok ? answer(body) : complaint(body.detail ?? body.title));
  } catch (error) {
    if (error.name === "AbortError") return;
    place.replaceChildren(complaint("The server does not answer. Please try again in a while."));
  }
  place.removeAttribute("aria-busy");
}

function answer(body) {
  const drawn = template.content.cloneNode(true);
  const part = (name) => drawn.querySelector(`[data-part="${name}"]`);
  part("sentence").textContent = body.sentence;
  part("range").setAttribute("aria-label", body.sentence);
  const [left, right] = [position(body.interval.p10), position(body.interval.p90)];
  part("likely").setAttribute("x", `${left}%`);
  part("likely").setAttribute("width", `${right - left}%`);
  part("median").setAttribute("cx", `${position(body.estimated_time)}%`);
  for (const row of drawn.querySelectorAll("[data-hours]")) {
    const share = body.closed_within[row.dataset.hours];
    row.querySelector("progress").value = share;
    row.querySelector('[data-part="percent"]').textContent = chanceInWords(share);
  }
  part("expected").textContent = expected(body);
  part("why").hidden = body.why.length === 0;
  part("why").querySelector("ul").replaceChildren(...body.why.map(({ words }) => item(words)));
  part("queue").textContent = body.queue?.words ?? "";
  return drawn;
}

function expected(body) {
  if (body.beyond_horizon) return "";
  const moment = momentInWords(new Date(body.expected_close_at), place.dataset.timeZone);
  return `Filed then, it is as likely as not closed by ${moment}.`;
}

/** Where a duration lies on the logarithmic scale, in percent. */
function position(hours) {
  const { scaleStart, scaleEnd } = place.dataset;
  const inside = Math.min(Math.max(hours, scaleStart), scaleEnd);
  return Math.round((1000 * Math.log(inside / scaleStart)) / Math.log(scaleEnd / scaleStart)) / 10;
}

function item(text) {
  const line = document.createElement("li");
  line.textContent = text;
  return line;
}

function complaint(text) {
  const paragraph = document.createElement("p");
  paragraph.className = "error";
  paragraph.setAttribute("role", "alert");
  paragraph.textContent = text;
  return paragraph;
}

function usePosition() {
  positionButton.disabled = true;
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      form.elements.latitude.value = coords.latitude.toFixed(5);
      form.elements.longitude.value = coords.longitude.toFixed(5);
      positionButton.disabled = false;
      ask();
    },
    () => {
      positionButton.disabled = false;
      place.replaceChildren(complaint("Your device did not tell its position."));
    },
    { timeout: 10_000 },
  );
}
