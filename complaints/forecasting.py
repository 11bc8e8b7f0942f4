"""The port through which complaints ask for a forecast; predictions implements it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string

from complaints.models import City


class NoForecast(Exception):
    """There is no model to ask, or it cannot answer; says which."""


class PastHorizon(NoForecast):
    """The complaint is open for longer than the model says anything about."""


@dataclass(frozen=True)
class ForecastQuery:
    """What is known of a complaint when it is filed. Codes are those of the city's tables."""

    complaint_type: str
    created_at: datetime
    latitude: float | None = None
    longitude: float | None = None
    agency: str | None = None
    district: str | None = None
    descriptor: str | None = None
    channel: str | None = None
    location_type: str | None = None


@dataclass(frozen=True)
class Reason:
    """What one fact does to the median, in hours, against what is usual for the type."""

    feature: str
    hours: float


@dataclass(frozen=True)
class QueueAhead:
    """Complaints of the type that are open, of those filed in the last hours.

    `nearby` counts those of the district, None where it is not known.
    """

    nearby: int | None
    in_city: int
    filed_within_hours: int


@dataclass(frozen=True)
class Forecast:
    """When a complaint will be closed, in hours from its filing (or, if remaining, from now).

    `closed_within` maps a number of hours (24, 72, 168) to the probability of being closed by
    then. Past the model's horizon nothing is known: a quantile that lies there is given as the
    horizon, and `beyond_horizon` says that the median is one of them.

    `open_hours` is set where the hours are those that remain of a complaint open for so long.
    `queue` is None where nothing is known of it; `reasons` where nobody asked for them, else the
    facts that move the median most, the largest first. `curve` comes with them: hours, rising, and
    the chance of being closed by each.
    """

    median_hours: float
    p10_hours: float
    p90_hours: float
    closed_within: dict[int, float]
    expected_close_at: datetime
    beyond_horizon: bool
    horizon_hours: float
    model_version: str
    trained_at: datetime = field(compare=False)
    open_hours: float | None = None
    queue: QueueAhead | None = None
    reasons: tuple[Reason, ...] | None = None
    # A drawing of what the other fields say: no other forecast for being drawn.
    curve: tuple[tuple[float, float], ...] | None = field(default=None, compare=False)


class Forecaster(Protocol):
    """Whoever can tell when a complaint will be closed."""

    def forecast(self, city: City, query: ForecastQuery, *, why: bool = False) -> Forecast:
        """The forecast of one complaint, with its reasons if asked. Raises NoForecast."""

    def remaining(self, city: City, query: ForecastQuery, open_hours: float) -> Forecast:
        """The forecast of one still open `open_hours` after its filing, from then on, with reasons.

        Raises NoForecast; PastHorizon where the model says nothing any more.
        """


@cache
def get_forecaster() -> Forecaster:
    """The forecaster that settings.FORECASTER names."""
    forecaster: Forecaster = import_string(settings.FORECASTER)()
    return forecaster
