"""The forecaster that complaints ask through their port."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import msgspec

from complaints.forecasting import (
    Forecast,
    ForecastQuery,
    NoForecast,
    PastHorizon,
    QueueAhead,
    Reason,
)
from complaints.models import City
from predictions.ml.features import Query, district_of
from predictions.ml.queue import LONG, LONG_DAYS, NOBODY, SHORT, Queue
from predictions.ml.reasons import reasons
from predictions.ml.runtime import Forecast as RuntimeForecast
from predictions.ml.runtime import forecast_of
from predictions.ml.survival import Curve
from predictions.serving import ServingModel, serving

CURVE_FROM_HOURS = 0.125
CURVE_POINTS = 60
SHORT_HOURS, LONG_HOURS = SHORT // timedelta(hours=1), LONG // timedelta(hours=1)


class ActiveModelForecaster:
    """Answers with the city's active model."""

    def forecast(self, city: City, query: ForecastQuery, *, why: bool = False) -> Forecast:
        """The forecast of one complaint. Raises NoForecast."""
        model, queue = _active_model(city)
        return forecast_with(model, query, queue, why=why)

    def remaining(self, city: City, query: ForecastQuery, open_hours: float) -> Forecast:
        """The forecast of one that is still open, from now on. Raises NoForecast, PastHorizon."""
        model, queue = _active_model(city)
        place = district_of(features_of(query), model.runtime.header.encoding)
        features = features_of(query, place)
        curve = model.runtime.curve(features, queue)
        if open_hours >= curve.horizon_hours:
            raise PastHorizon(
                f"It is open for {open_hours:.0f} h; the model says nothing about more than "
                f"{curve.horizon_hours:.0f} h."
            )
        now = query.created_at + timedelta(hours=open_hours)
        told = _told(model, forecast_of(curve.after(open_hours)), now)
        return replace(
            told,
            open_hours=open_hours,
            # Who waits now, whenever this one was filed.
            queue=_queue_ahead(features, queue) if queue.is_known_at(now) else None,
            reasons=reasons_of(model, features, queue, open_hours),
            curve=_drawn(curve.after(open_hours)),
        )


def forecast_with(
    model: ServingModel, query: ForecastQuery, queue: Queue, *, why: bool = False
) -> Forecast:
    """The forecast that one model gives, knowing the queue; with its reasons if asked."""
    placed = in_district(model, features_of(query))
    found = model.runtime.forecast(placed, queue)
    told = _told(model, found, query.created_at, queue_at_filing(placed, queue))
    if not why:
        return told
    return replace(
        told,
        reasons=reasons_of(model, placed, queue),
        curve=_drawn(model.runtime.curve(placed, queue)),
    )


def _drawn(curve: Curve) -> tuple[tuple[float, float], ...]:
    """Points of a curve, evenly spaced on a logarithmic scale up to its horizon."""
    step = (curve.horizon_hours / CURVE_FROM_HOURS) ** (1 / (CURVE_POINTS - 1))
    hours = [CURVE_FROM_HOURS * step**number for number in range(CURVE_POINTS)]
    return tuple((one, curve.closed_within(one)) for one in hours)


def queue_at_filing(query: Query, queue: Queue) -> QueueAhead | None:
    """Who waits when a complaint is filed; None where the queue is that of another time."""
    return _queue_ahead(query, queue) if queue.is_known_at(query.created_at) else None


def reasons_of(
    model: ServingModel, features: Query, queue: Queue, open_hours: float = 0.0
) -> tuple[Reason, ...]:
    """The facts that move a forecast most."""
    found = reasons(model.runtime, features, queue, open_hours)
    return tuple(Reason(feature, hours) for feature, hours in found)


def _queue_ahead(features: Query, queue: Queue) -> QueueAhead:
    """Similar ones that wait, as far back as the queue is known."""
    is_long = queue.days >= LONG_DAYS
    kind, district = features.complaint_type, features.district
    in_city, nearby = queue.by_type.get(kind, NOBODY), None
    if district is not None:
        here = queue.by_type_district.get((kind, district), NOBODY)
        nearby = here.long if is_long else here.short
    hours = LONG_HOURS if is_long else SHORT_HOURS
    return QueueAhead(nearby, in_city.long if is_long else in_city.short, hours)


def _active_model(city: City) -> tuple[ServingModel, Queue]:
    known = serving.state().get(city.slug)
    if known is None or known.model is None:
        raise NoForecast(f"No model is active for {city.name} yet.")
    return known.model, known.queue


def in_district(model: ServingModel, query: Query) -> Query:
    """The query with its district, looked up once for the model and for the queue."""
    district = district_of(query, model.runtime.header.encoding)
    if query.district == district:
        return query
    return msgspec.structs.replace(query, district=district)


def features_of(query: ForecastQuery, district: str | None = None) -> Query:
    """The same as the model knows it; `district` where the query names none."""
    return Query(
        complaint_type=query.complaint_type,
        created_at=query.created_at,
        latitude=query.latitude,
        longitude=query.longitude,
        agency=query.agency,
        district=query.district or district,
        descriptor=query.descriptor,
        channel=query.channel,
        location_type=query.location_type,
    )


def _told(
    model: ServingModel,
    found: RuntimeForecast,
    counted_from: datetime,
    queue: QueueAhead | None = None,
) -> Forecast:
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
        queue=queue,
    )
