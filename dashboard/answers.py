"""A forecast in words and on a scale; `static/dashboard/forecast.js` draws the same."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from complaints.forecasting import Forecast
from complaints.models import City
from complaints.phrases import (
    chance_in_words,
    forecast_in_words,
    moment_in_words,
    queue_in_words,
    reason_in_words,
)
from predictions.answers import DECIMALS

SCALE_HOURS = (0.25, 1440.0)
"""Ends of the logarithmic scale: a quarter of an hour and 60 days."""
PERIODS = {24: "1 day", 72: "3 days", 168: "1 week"}


@dataclass(frozen=True)
class Tick:
    """A mark on the scale; positions are text, since SVG knows no other decimal sign than a dot."""

    at: str
    label: str


@dataclass(frozen=True)
class Chance:
    """How likely a complaint is closed within `hours`: a share of 0 to 1, and in words."""

    hours: int
    period: str
    share: str = "0"
    percent: str = ""


@dataclass(frozen=True)
class Answer:
    """What the page says to "how long will it take?". Positions are percent of the scale.

    An empty one is the pattern that the browser fills in.
    """

    sentence: str = ""
    expected: str = ""
    left: str = "0"
    middle: str = "0"
    width: str = "0"
    reasons: list[str] = field(default_factory=list)
    queue: str = ""
    chances: list[Chance] = field(default_factory=lambda: [Chance(*it) for it in PERIODS.items()])

    @classmethod
    def of(cls, forecast: Forecast, city: City) -> Answer:
        """The answer to one forecast, times on the city's clock."""
        forecast = _as_published(forecast)
        left, right = _position(forecast.p10_hours), _position(forecast.p90_hours)
        return cls(
            sentence=forecast_in_words(forecast),
            expected=_expected(forecast, city),
            left=f"{left:.1f}",
            middle=f"{_position(forecast.median_hours):.1f}",
            width=f"{right - left:.1f}",
            reasons=[reason_in_words(reason) for reason in forecast.reasons or ()],
            queue=queue_in_words(forecast.queue) if forecast.queue else "",
            chances=[
                Chance(hours, period, f"{share:.4f}", chance_in_words(share))
                for hours, period in PERIODS.items()
                for share in [forecast.closed_within[hours]]
            ],
        )


def _as_published(forecast: Forecast) -> Forecast:
    """Rounded as the API rounds it, or the page and the browser would differ at 95.496 %."""
    return replace(
        forecast,
        median_hours=round(forecast.median_hours, DECIMALS),
        p10_hours=round(forecast.p10_hours, DECIMALS),
        p90_hours=round(forecast.p90_hours, DECIMALS),
        closed_within={
            hours: round(chance, DECIMALS) for hours, chance in forecast.closed_within.items()
        },
    )


def _position(hours: float) -> float:
    low, high = SCALE_HOURS
    inside = min(max(hours, low), high)
    return 100 * math.log(inside / low) / math.log(high / low)


TICKS = [
    Tick(f"{_position(hours):.1f}", label)
    for hours, label in ((1, "1 h"), (6, "6 h"), (24, "1 d"), (168, "1 wk"), (720, "30 d"))
]


def _expected(forecast: Forecast, city: City) -> str:
    if forecast.beyond_horizon:
        return ""
    moment = moment_in_words(city.localise(forecast.expected_close_at))
    return f"Filed then, it is as likely as not closed by {moment}."
