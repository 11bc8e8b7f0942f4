"""One forecast query in, the bytes of its answer out: the same in web and lane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

import msgspec

from complaints.forecasting import Forecast, QueueAhead, Reason
from complaints.models import City
from complaints.phrases import forecast_in_words, queue_in_words, reason_in_words
from predictions.forecasting import forecast_queries, forecast_query
from predictions.ml.features import Query
from predictions.queries import Refused, checked, degrees, find_type, parameters, yes_or_no
from predictions.serving import ServingCity, ServingModel
from smart311.problems import CONTENT_TYPE, RETRY_AFTER_SECONDS, problem_body

DECIMALS = 4
JSON = "application/json"
_encoder = msgspec.json.Encoder()
encoded, encoded_lines = _encoder.encode, _encoder.encode_lines


class Interval(msgspec.Struct, frozen=True):
    """Eight in ten are closed between these, hours from filing."""

    p10: float
    p90: float


class ModelName(msgspec.Struct, frozen=True):
    """Which model answered."""

    version: str
    trained_at: datetime


class QueueBody(msgspec.Struct, frozen=True):
    """Similar complaints that are open, of those filed in the last hours."""

    open_nearby: int | None
    open_in_city: int
    filed_within_hours: int
    words: str


class ReasonBody(msgspec.Struct, frozen=True):
    """What one fact does to the median, in hours and in words."""

    feature: str
    hours: float
    words: str


class PredictionBody(msgspec.Struct, frozen=True):
    """The answer to one query; `why` is there if it was asked for."""

    estimated_time: float
    unit: str
    interval: Interval
    closed_within: dict[str, float]
    expected_close_at: datetime
    complaint_type: str
    beyond_horizon: bool
    model: ModelName
    sentence: str
    queue: QueueBody | None
    why: list[ReasonBody] | msgspec.UnsetType = msgspec.UNSET


class Answer(msgspec.Struct, frozen=True):
    """What to send."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = {}


def answer(
    known: ServingCity | None,
    complaint_type: str,
    query_string: str,
    now: datetime,
    request_id: str,
) -> Answer:
    """Answer `/predict/{complaint_type}?query_string` as of `now`.

    Whatever the input is, this answers: a forecast, or a problem document that says what was got
    and what was expected.
    """
    try:
        body = _forecast_body(known, complaint_type, query_string, now)
    except Refused as refused:
        return _refusal(refused, request_id)
    return Answer(200, JSON, encoded(body))


def _refusal(refused: Refused, request_id: str) -> Answer:
    errors = (
        [{"pointer": f"/{refused.parameter}", "code": refused.code, "detail": str(refused)}]
        if refused.status == 400 and refused.parameter
        else []
    )
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if refused.status == 503 else {}
    body = problem_body(refused.status, str(refused), errors, request_id)
    return Answer(refused.status, CONTENT_TYPE, body, headers)


def _forecast_body(
    known: ServingCity | None, complaint_type: str, query_string: str, now: datetime
) -> PredictionBody:
    if known is None:
        raise Refused(503, "The city is not loaded yet.")
    code = find_type(known.catalogue, complaint_type)
    given = parameters(query_string)
    query = checked(
        code,
        degrees(given.get("latitude"), "latitude"),
        degrees(given.get("longitude"), "longitude"),
        given.get("created_date"),
        known.city,
        now,
    )
    why = yes_or_no(given.get("why", "false"), "why")
    forecast = forecast_query(_model(known), query, known.queue, why=why)
    return _body(forecast, code, known.city)


def answer_many(known: ServingCity, queries: Sequence[Query]) -> list[PredictionBody]:
    """The bodies of many answers, each as it would be alone. Raises Refused."""
    forecasts = forecast_queries(_model(known), queries, known.queue)
    return [
        _body(forecast, query.complaint_type, known.city)
        for forecast, query in zip(forecasts, queries, strict=True)
    ]


def _model(known: ServingCity) -> ServingModel:
    if known.model is None:
        raise Refused(503, f"No model is active for {known.city.name} yet.")
    return known.model


def _body(forecast: Forecast, code: str, city: City) -> PredictionBody:
    # One query's NaN, where all canned ones were fine: no answer rather than an invented one.
    if not math.isfinite(forecast.median_hours + forecast.p10_hours + forecast.p90_hours):
        raise Refused(503, "The model gives no number for this.")
    return PredictionBody(
        estimated_time=round(forecast.median_hours, DECIMALS),
        unit="hours",
        interval=Interval(round(forecast.p10_hours, DECIMALS), round(forecast.p90_hours, DECIMALS)),
        closed_within={
            str(hours): round(share, DECIMALS) for hours, share in forecast.closed_within.items()
        },
        expected_close_at=city.localise(forecast.expected_close_at).replace(microsecond=0),
        complaint_type=code,
        beyond_horizon=forecast.beyond_horizon,
        model=ModelName(forecast.model_version, forecast.trained_at.replace(microsecond=0)),
        # The API speaks English.
        sentence=forecast_in_words(forecast, str),
        queue=_queue(forecast.queue),
        why=_why(forecast.reasons),
    )


def _queue(queue: QueueAhead | None) -> QueueBody | None:
    if queue is None:
        return None
    words = queue_in_words(queue)
    return QueueBody(queue.nearby, queue.in_city, queue.filed_within_hours, words)


def _why(reasons: tuple[Reason, ...] | None) -> list[ReasonBody] | msgspec.UnsetType:
    if reasons is None:
        return msgspec.UNSET
    return [
        ReasonBody(reason.feature, round(reason.hours, DECIMALS), reason_in_words(reason))
        for reason in reasons
    ]
