"""Numbers, times and forecasts as people read them; the page's words.js follows the same rules."""

from __future__ import annotations

import math
from datetime import datetime

from complaints.forecasting import Forecast, QueueAhead, Reason

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


def forecast_in_words(forecast: Forecast) -> str:
    """A forecast in one sentence; of a complaint that waits already, what remains."""
    such, more = "such complaints", ""
    if forecast.open_hours is not None:
        such = f"such complaints that have waited {hours_in_words(forecast.open_hours)}"
        more = "another "
    median = hours_in_words(forecast.median_hours)
    if forecast.beyond_horizon:
        return (
            f"More than half of {such} are still open after {more}{median}, "
            "which is as far as this forecast looks."
        )
    half = f"Half of {such} are closed within {more}{median}"
    p10, p90 = hours_in_words(forecast.p10_hours), hours_in_words(forecast.p90_hours)
    if forecast.p90_hours >= forecast.horizon_hours:
        return f"{half}; one in ten is still open after {p90}."
    return f"{half}, eight in ten between {p10} and {p90}."


REASONS = {
    "type": "The type of complaint",
    "descriptor": "What exactly is reported",
    "agency": "The agency",
    "location_type": "The kind of place",
    "channel": "The way it was reported",
    "place": "The place",
    "time": "The hour and day of filing",
    "queue": "What is waiting just now",
    "pace": "How fast such complaints are closed just now",
}


def reason_in_words(reason: Reason) -> str:
    """What one fact does to a forecast: `The place: 3 h longer than usual for this type.`"""
    name = REASONS.get(reason.feature, reason.feature)
    change = "longer" if reason.hours > 0 else "shorter"
    return f"{name}: {hours_in_words(abs(reason.hours))} {change} than usual for this type."


def queue_in_words(queue: QueueAhead) -> str:
    """How many similar complaints wait."""
    found = (
        f"Of the similar ones filed in the last {queue.filed_within_hours}{NO_BREAK_SPACE}h, "
        f"{queue.in_city:,} are open in the city"
    )
    return f"{found}." if queue.nearby is None else f"{found}, {queue.nearby:,} in this district."


def _round(number: float) -> int:
    """Half up, as JavaScript's Math.round does; Python's own goes to the even neighbour."""
    return math.floor(number + 0.5)
