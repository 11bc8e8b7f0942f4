"""Numbers, times and forecasts as people read them, in the language that is active.

Numbers are written as in the United States in every language: New York's Spanish has its decimal
points and commas too.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.forecasting import Forecast, QueueAhead, Reason

NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
LEAST_CHANCE = 0.0001
HOURS_A_DAY = 24
LONGEST_IN_HOURS = 48
LONGEST_WITH_HOURS_DAYS = 14


class Range(Protocol):
    """What a sentence about a forecast is made of."""

    @property
    def median_hours(self) -> float:
        """Half are closed by then."""

    @property
    def p10_hours(self) -> float:
        """A tenth."""

    @property
    def p90_hours(self) -> float:
        """Nine tenths."""

    @property
    def beyond_horizon(self) -> bool:
        """Whether the median lies past the horizon."""

    @property
    def horizon_hours(self) -> float:
        """As far as the forecast looks."""


def hours_in_words(hours: float) -> str:
    """A duration with its unit, joined by no-break spaces: `40 min`, `3.2 h`, `2 d 4 h`, `23 d`.

    Each is rounded to what a reader can use: minutes below an hour, tenths of an hour below ten,
    hours up to two days, days from two weeks on. Never less than a minute.
    """
    # Each rounding has few results, so their texts are remembered: an answer has three.
    if hours * 60 + 0.5 < 60:
        return _minutes_in_words(max(1, _round(hours * 60)))
    if hours * 10 + 0.5 < 100:
        return _tenths_in_words(_round(hours * 10))
    if hours + 0.5 < LONGEST_WITH_HOURS_DAYS * HOURS_A_DAY:
        return _whole_hours_in_words(_round(hours))
    return f"{_round(hours / HOURS_A_DAY):,}{NO_BREAK_SPACE}d"


@cache
def _minutes_in_words(minutes: int) -> str:
    return f"{minutes}{NO_BREAK_SPACE}min"


@cache
def _tenths_in_words(tenths: int) -> str:
    whole, tenth = divmod(tenths, 10)
    number = f"{whole}.{tenth}" if tenth else f"{whole}"
    return f"{number}{NO_BREAK_SPACE}h"


@cache
def _whole_hours_in_words(hours: int) -> str:
    if hours < LONGEST_IN_HOURS:
        return f"{hours}{NO_BREAK_SPACE}h"
    days, rest = divmod(hours, HOURS_A_DAY)
    words = f"{days} d {rest} h" if rest else f"{days} d"
    return words.replace(" ", NO_BREAK_SPACE)


def percent_in_words(share: float) -> str:
    """A share of 0 to 1: `37 %`, and `under 1 %` or `over 99 %` rather than a false certainty."""
    percent = _round(share * 100)
    if percent == 0 and share > 0:
        return _("under %(percent)s") % {"percent": f"1{NO_BREAK_SPACE}%"}
    if percent == 100 and share < 1:
        return _("over %(percent)s") % {"percent": f"99{NO_BREAK_SPACE}%"}
    return f"{percent}{NO_BREAK_SPACE}%"


def chance_in_words(chance: float) -> str:
    """A forecast's probability: never 0 % and never 100 %, however it was rounded on its way."""
    return percent_in_words(min(max(chance, LEAST_CHANCE), 1 - LEAST_CHANCE))


def moment_in_words(local: datetime) -> str:
    """A moment on the clock it carries: `Tue 16 Jul 2019, 18:00`."""
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M}"


def forecast_in_words(forecast: Forecast, _: Callable[[str], str] = _) -> str:
    """A forecast in one sentence; of a complaint that waits already, what remains.

    In the language of the page, or as `_` translates.
    """
    if forecast.open_hours is None:
        return closing_in_words(forecast, _)
    return _remaining_in_words(forecast) % {
        **_numbers_in_words(forecast),
        "waited": hours_in_words(forecast.open_hours),
    }


def closing_in_words(forecast: Range, _: Callable[[str], str] = _) -> str:
    """The same of a complaint as it is filed.

    To look the sentence up takes as long as half of all else that an answer of the API is made of.
    """
    if forecast.beyond_horizon:
        sentence = _(
            "More than half of such complaints are still open after %(median)s, "
            "which is as far as this forecast looks."
        )
    elif forecast.p90_hours >= forecast.horizon_hours:
        sentence = _(
            "Half of such complaints are closed within %(median)s; one in ten is still open "
            "after %(p90)s."
        )
    else:
        sentence = _(
            "Half of such complaints are closed within %(median)s, eight in ten between %(p10)s "
            "and %(p90)s."
        )
    return sentence % _numbers_in_words(forecast)


def _numbers_in_words(forecast: Range) -> dict[str, str]:
    return {
        "median": hours_in_words(forecast.median_hours),
        "p10": hours_in_words(forecast.p10_hours),
        "p90": hours_in_words(forecast.p90_hours),
    }


def _remaining_in_words(forecast: Forecast) -> str:
    if forecast.beyond_horizon:
        return _(
            "More than half of such complaints that have waited %(waited)s are still open after "
            "another %(median)s, which is as far as this forecast looks."
        )
    if forecast.p90_hours >= forecast.horizon_hours:
        return _(
            "Half of such complaints that have waited %(waited)s are closed within another "
            "%(median)s; one in ten is still open after %(p90)s."
        )
    return _(
        "Half of such complaints that have waited %(waited)s are closed within another "
        "%(median)s, eight in ten between %(p10)s and %(p90)s."
    )


REASONS = {
    "type": gettext_lazy("The type of complaint"),
    "descriptor": gettext_lazy("What exactly is reported"),
    "agency": gettext_lazy("The agency"),
    "location_type": gettext_lazy("The kind of place"),
    "channel": gettext_lazy("The way it was reported"),
    "place": gettext_lazy("The place"),
    "time": gettext_lazy("The hour and day of filing"),
    "queue": gettext_lazy("What is waiting just now"),
    "pace": gettext_lazy("How fast such complaints are closed just now"),
}


def reason_in_words(reason: Reason) -> str:
    """What one fact does to a forecast: `The place: 3 h longer than usual for this type.`"""
    if reason.hours > 0:
        sentence = _("%(fact)s: %(time)s longer than usual for this type.")
    else:
        sentence = _("%(fact)s: %(time)s shorter than usual for this type.")
    fact = REASONS.get(reason.feature, reason.feature)
    return sentence % {"fact": fact, "time": hours_in_words(abs(reason.hours))}


def queue_in_words(queue: QueueAhead, _: Callable[[str], str] = _) -> str:
    """How many similar complaints wait. In the language of the page, or as `_` translates."""
    numbers = {
        "hours": f"{queue.filed_within_hours}{NO_BREAK_SPACE}h",
        "city": f"{queue.in_city:,}",
    }
    if queue.nearby is None:
        return (
            _("Of the similar ones filed in the last %(hours)s, %(city)s are open in the city.")
            % numbers
        )
    return _(
        "Of the similar ones filed in the last %(hours)s, %(city)s are open in the city, "
        "%(nearby)s in this district."
    ) % {**numbers, "nearby": f"{queue.nearby:,}"}


def _round(number: float) -> int:
    """Half up, as JavaScript's Math.round does; Python's own goes to the even neighbour."""
    return math.floor(number + 0.5)
