"""The forecaster that complaints ask through their port."""

from __future__ import annotations

from datetime import datetime, timedelta

from complaints.forecasting import Forecast, ForecastQuery, NoForecast, PastHorizon
from complaints.models import City
from predictions.ml.features import Query
from predictions.ml.queue import Queue
from predictions.ml.runtime import Forecast as RuntimeForecast
from predictions.ml.runtime import forecast_of
from predictions.serving import ServingModel, serving


class ActiveModelForecaster:
    """Answers with the city's active model."""

    def forecast(self, city: City, query: ForecastQuery) -> Forecast:
        """The forecast of one complaint. Raises NoForecast."""
        model, queue = _active_model(city)
        return forecast_with(model, query, queue)

    def remaining(self, city: City, query: ForecastQuery, open_hours: float) -> Forecast:
        """The forecast of one that is still open, from now on. Raises NoForecast, PastHorizon."""
        model, queue = _active_model(city)
        curve = model.runtime.curve(_features(query), queue)
        if open_hours >= curve.horizon_hours:
            raise PastHorizon(
                f"It is open for {open_hours:.0f} h; the model says nothing about more than "
                f"{curve.horizon_hours:.0f} h."
            )
        now = query.created_at + timedelta(hours=open_hours)
        return _told(model, forecast_of(curve.after(open_hours)), now)


def forecast_with(model: ServingModel, query: ForecastQuery, queue: Queue) -> Forecast:
    """The forecast that one model gives, knowing the queue."""
    return _told(model, model.runtime.forecast(_features(query), queue), query.created_at)


def _active_model(city: City) -> tuple[ServingModel, Queue]:
    known = serving.state().get(city.slug)
    if known is None or known.model is None:
        raise NoForecast(f"No model is active for {city.name} yet.")
    return known.model, known.queue


def _features(query: ForecastQuery) -> Query:
    return Query(
        complaint_type=query.complaint_type,
        created_at=query.created_at,
        latitude=query.latitude,
        longitude=query.longitude,
        agency=query.agency,
        district=query.district,
        descriptor=query.descriptor,
        channel=query.channel,
        location_type=query.location_type,
    )


def _told(model: ServingModel, found: RuntimeForecast, counted_from: datetime) -> Forecast:
    return Forecast(
        median_hours=found.median_hours,
        p10_hours=found.p10_hours,
        p90_hours=found.p90_hours,
        closed_within=found.closed_within,
        expected_close_at=counted_from + timedelta(hours=found.median_hours),
        beyond_horizon=found.beyond_horizon,
        horizon_hours=found.horizon_hours,
        model_version=model.version,
        trained_at=model.trained_at,
    )
