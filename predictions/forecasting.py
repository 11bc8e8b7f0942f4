"""The forecaster that complaints ask through their port."""

from __future__ import annotations

from datetime import timedelta

from complaints.forecasting import Forecast, ForecastQuery, NoForecast
from complaints.models import City
from predictions.ml.features import Query
from predictions.serving import ServingModel, serving


class ActiveModelForecaster:
    """Answers with the city's active model."""

    def forecast(self, city: City, query: ForecastQuery) -> Forecast:
        """The forecast of one complaint. Raises NoForecast."""
        known = serving.state().get(city.slug)
        if known is None or known.model is None:
            raise NoForecast(f"No model is active for {city.name} yet.")
        return forecast_with(known.model, query)


def forecast_with(model: ServingModel, query: ForecastQuery) -> Forecast:
    """The forecast that one model gives."""
    found = model.runtime.forecast(
        Query(
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
    )
    return Forecast(
        median_hours=found.median_hours,
        p10_hours=found.p10_hours,
        p90_hours=found.p90_hours,
        closed_within=found.closed_within,
        expected_close_at=query.created_at + timedelta(hours=found.median_hours),
        beyond_horizon=found.beyond_horizon,
        horizon_hours=found.horizon_hours,
        model_version=model.version,
        trained_at=model.trained_at,
    )
