// Numbers and times as people read them; dashboard/words.py follows the same rules.

const NO_BREAK_SPACE = "\u00a0";
const LEAST_CHANCE = 0.0001;
const HOURS_A_DAY = 24;
const LONGEST_IN_HOURS = 48;
const LONGEST_WITH_HOURS_DAYS = 14;

/** A duration with its unit, joined by no-break spaces: `40 min`, `3.2 h`, `2 d 4 h`, `23 d`. */
export function hoursInWords(hours) {
  return withUnits(hours).replaceAll(" ", NO_BREAK_SPACE);
}

function withUnits(hours) {
  const minutes = Math.max(1, Math.round(hours * 60));
  if (minutes < 60) return `${minutes} min`;
  const tenths = Math.round(hours * 10);
  if (tenths < 100) return `${tenths / 10} h`;
  const whole = Math.round(hours);
  if (whole < LONGEST_IN_HOURS) return `${whole} h`;
  const days = Math.floor(whole / HOURS_A_DAY);
  const rest = whole % HOURS_A_DAY;
  if (days >= LONGEST_WITH_HOURS_DAYS) {
    return `${Math.round(hours / HOURS_A_DAY).toLocaleString("en-US")} d`;
  }
  return rest ? `${days} d ${rest} h` : `${days} d`;
}

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
