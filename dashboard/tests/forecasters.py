"""Forecasters that answer what a test wants to see on the page."""

from collections.abc import Callable
from datetime import timedelta

from complaints.forecasting import Forecast, ForecastQuery, NoForecast
from complaints.models import City
from complaints.tests.factories import NOON

HORIZON_HOURS = 1440.0

Use = Callable[[str], None]
"""The fixture `forecaster`: name a class of this module and it answers."""


def forecast_of(query: ForecastQuery, p10: float, median: float, p90: float) -> Forecast:
    """A forecast with these hours, counted from the time that was asked about."""
    return Forecast(
        median_hours=median,
        p10_hours=p10,
        p90_hours=p90,
        closed_within={24: 0.94, 72: 0.97, 168: 0.999},
        expected_close_at=query.created_at + timedelta(hours=median),
        beyond_horizon=median >= HORIZON_HOURS,
        horizon_hours=HORIZON_HOURS,
        model_version="fixed",
        trained_at=NOON,
    )


class Soon:
    """Closed within hours."""

    def forecast(self, city: City, query: ForecastQuery, *, why: bool = False) -> Forecast:
        return forecast_of(query, 2 / 3, 3.1, 14.2)


class LongTail:
    """Half are closed soon, one in ten not before the horizon."""

    def forecast(self, city: City, query: ForecastQuery, *, why: bool = False) -> Forecast:
        return forecast_of(query, 5, 80, HORIZON_HOURS)


class Never:
    """More than half are open at the horizon."""

    def forecast(self, city: City, query: ForecastQuery, *, why: bool = False) -> Forecast:
        return forecast_of(query, 300, HORIZON_HOURS, HORIZON_HOURS)


class Silent:
    """No model is active."""

    def forecast(self, city: City, query: ForecastQuery, *, why: bool = False) -> Forecast:
        raise NoForecast(f"No model is active for {city.name} yet.")
