"""Stand-ins behind the port of forecasts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from complaints.forecasting import Forecast, ForecastQuery, NoForecast, QueueAhead, Reason
from complaints.models import City


def fixed_forecast(created_at: datetime, median_hours: float = 4.0) -> Forecast:
    return Forecast(
        median_hours=median_hours,
        p10_hours=1.0,
        p90_hours=20.0,
        closed_within={24: 0.92, 72: 0.97, 168: 0.99},
        expected_close_at=created_at + timedelta(hours=median_hours),
        beyond_horizon=False,
        horizon_hours=1440.0,
        model_version="nyc-test",
        trained_at=datetime(2019, 7, 10, tzinfo=UTC),
    )


class FixedForecaster:
    """Promises four hours, between one and twenty; says why if asked."""

    def forecast(self, city: City, query: ForecastQuery, *, why: bool = False) -> Forecast:
        reasons = (Reason("place", 1.5), Reason("queue", -0.5)) if why else None
        queue = QueueAhead(3, 12, 72)
        return replace(fixed_forecast(query.created_at), reasons=reasons, queue=queue)


class NanForecaster:
    """Has a model that went wrong."""

    def forecast(self, city: City, query: ForecastQuery, *, why: bool = False) -> Forecast:
        return fixed_forecast(query.created_at, float("nan"))


class BrokenForecaster:
    """Fails in a way nobody foresaw."""

    def forecast(self, city: City, query: ForecastQuery, *, why: bool = False) -> Forecast:
        raise ZeroDivisionError("division by zero")


class NoForecaster:
    """Has no model."""

    def forecast(self, city: City, query: ForecastQuery, *, why: bool = False) -> Forecast:
        raise NoForecast("no model")
