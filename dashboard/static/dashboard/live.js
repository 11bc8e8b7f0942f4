// Keeps the key figures up to date: asks every few seconds whether anything changed, pauses while the
// page is hidden, waits longer after failures, and says when the figures may be old.

const EVERY_SECONDS = 12;
const LONGEST_SECONDS = 300;
let tag = null;
let asked = null;
let pause = EVERY_SECONDS;
let timer = 0;
let lastHeard = Date.now();

/** Begin, if the page has figures. */
export function watch() {
  if (!document.querySelector("[data-live]")) return;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) look();
  });
  timer = setTimeout(look, 1000 * EVERY_SECONDS);
  setInterval(mark, 5000);
}

async function look() {
  clearTimeout(timer);
  if (document.hidden) return;
  const address = document.querySelector("[data-live]")?.dataset.live;
  if (!address) return;
  if (address !== asked) tag = null;
  asked = address;
  try {
    const response = await fetch(address, { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store" });
    if (response.status !== 304 && !response.ok) throw new Error(`${response.status}`);
    // The visitor may have chosen something else meanwhile.
    if (response.ok && document.querySelector("[data-live]")?.dataset.live === address) {
      tag = response.headers.get("ETag");
      show(await response.json());
    }
    lastHeard = Date.now();
    pause = EVERY_SECONDS;
  } catch {
    pause = Math.min(2 * pause, LONGEST_SECONDS);
  }
  mark();
  timer = setTimeout(look, 1000 * pause);
}

function show({ as_of: asOf, as_of_words: words, is_stale: isStale, cards }) {
  const stamp = document.querySelector("#as-of time");
  stamp.dateTime = asOf;
  stamp.textContent = words;
  document.querySelector('#as-of [data-part="stale"]').hidden = !isStale;
  for (const [key, card] of Object.entries(cards)) {
    const place = document.querySelector(`[data-card="${key}"]`);
    if (!place) continue;
    const part = (name) => place.querySelector(`[data-part="${name}"]`);
    if (part("value").textContent.trim() !== card.value && card.value) {
      part("value").textContent = card.value;
      place.classList.add("fresh");
      setTimeout(() => place.classList.remove("fresh"), 2500);
    }
    part("note").textContent = card.note;
    part("change").textContent = card.change;
    part("change").hidden = !card.change;
    part("change").className = `change ${card.direction}`;
    part("spark")?.setAttribute("points", card.spark);
  }
}

/** Say so when nothing was heard for a while. */
function mark() {
  const stamp = document.querySelector("#as-of");
  if (!stamp) return;
  const isOld = Date.now() - lastHeard > 1000 * Number(stamp.dataset.staleAfter);
  stamp.querySelector('[data-part="offline"]').hidden = document.hidden || !isOld;
}
