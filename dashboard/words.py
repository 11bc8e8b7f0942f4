"""Numbers and times as people read them; `static/dashboard/words.js` follows the same rules."""

from __future__ import annotations

import math
from datetime import datetime

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
LEAST_CHANCE = 0.0001
HOURS_A_DAY = 24
LONGEST_IN_HOURS = 48
LONGEST_WITH_HOURS_DAYS = 14


def hours_in_words(hours: float) -> str:
    """A duration with its unit, joined by no-break spaces: `40 min`, `3.2 h`, `2 d 4 h`, `23 d`.

    Each is rounded to what a reader can use: minutes below an hour, tenths of an hour below ten,
    hours up to two days, days from two weeks on. Never less than a minute.
    """
    return _with_units(hours).replace(" ", NO_BREAK_SPACE)


def _with_units(hours: float) -> str:
    minutes = max(1, _round(hours * 60))
    if minutes < 60:
        return f"{minutes} min"
    tenths = _round(hours * 10)
    if tenths < 100:
        whole, tenth = divmod(tenths, 10)
        return f"{whole}.{tenth} h" if tenth else f"{whole} h"
    whole_hours = _round(hours)
    if whole_hours < LONGEST_IN_HOURS:
        return f"{whole_hours} h"
    days, rest = divmod(whole_hours, HOURS_A_DAY)
    if days >= LONGEST_WITH_HOURS_DAYS:
        return f"{_round(hours / HOURS_A_DAY):,} d"
    return f"{days} d {rest} h" if rest else f"{days} d"


def percent_in_words(share: float) -> str:
    """A share of 0 to 1: `37 %`, and `under 1 %` or `over 99 %` rather than a false certainty."""
    percent = _round(share * 100)
    if percent == 0 and share > 0:
        return f"under 1{NO_BREAK_SPACE}%"
    if percent == 100 and share < 1:
        return f"over 99{NO_BREAK_SPACE}%"
    return f"{percent}{NO_BREAK_SPACE}%"


def chance_in_words(chance: float) -> str:
    """A forecast's probability: never 0 % and never 100 %, however it was rounded on its way."""
    return percent_in_words(min(max(chance, LEAST_CHANCE), 1 - LEAST_CHANCE))


def moment_in_words(local: datetime) -> str:
    """A moment on the clock it carries: `Tue 16 Jul 2019, 18:00`."""
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def _round(number: float) -> int:
    """Half up, as JavaScript's Math.round does; Python's own goes to the even neighbour."""
    return math.floor(number + 0.5)
