// Numbers and times as people read them; complaints/phrases.py follows the same rules.

const NO_BREAK_SPACE = "\u00a0";
const LEAST_CHANCE = 0.0001;

/** A share of 0 to 1: `37 %`, and `under 1 %` or `over 99 %` rather than a false certainty. */
function percentInWords(share) {
  const percent = Math.round(share * 100);
  if (percent === 0 && share > 0) return `under 1${NO_BREAK_SPACE}%`;
  if (percent === 100 && share < 1) return `over 99${NO_BREAK_SPACE}%`;
  return `${percent}${NO_BREAK_SPACE}%`;
}

/** A forecast's probability: never 0 % and never 100 %, however it was rounded on its way. */
export function chanceInWords(chance) {
  return percentInWords(Math.min(Math.max(chance, LEAST_CHANCE), 1 - LEAST_CHANCE));
}

/** An instant on the clock of a time zone: `Tue 16 Jul 2019, 18:00`. */
export function momentInWords(instant, timeZone) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
  });
  const part = Object.fromEntries(format.formatToParts(instant).map((p) => [p.type, p.value]));
  return `${part.weekday} ${part.day} ${part.month} ${part.year}, ${part.hour}:${part.minute}`;
}
