"""One forecast query in, the bytes of its answer out: the same in web and lane."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import msgspec

from complaints.forecasting import QueueAhead, Reason
from complaints.phrases import closing_in_words, queue_in_words, reason_in_words
from predictions.forecasting import in_district, queue_at_filing, reasons_of
from predictions.ml.features import Query
from predictions.ml.runtime import Forecast, rounded
from predictions.queries import Refused, checked, degrees, find_type, parameters, yes_or_no
from predictions.serving import ServingCity, ServingModel
from smart311.problems import CONTENT_TYPE, RETRY_AFTER_SECONDS, problem_body

SECONDS_AN_HOUR = 3600
DECIMALS = 4
JSON = "application/json"
_encoder = msgspec.json.Encoder()
encoded, encoded_lines = _encoder.encode, _encoder.encode_lines


# None of these can be part of a circle, and a batch makes 30,000: the collector of garbage need not
# look at them (`gc=False`).
class Interval(msgspec.Struct, frozen=True, gc=False):
    """Eight in ten are closed between these, hours from filing."""

    p10: float
    p90: float


class ModelName(msgspec.Struct, frozen=True, gc=False):
    """Which model answered."""

    version: str
    trained_at: datetime


class QueueBody(msgspec.Struct, frozen=True, gc=False):
    """Similar complaints that are open, of those filed in the last hours."""

    open_nearby: int | None
    open_in_city: int
    filed_within_hours: int
    words: str


class ReasonBody(msgspec.Struct, frozen=True, gc=False):
    """What one fact does to the median, in hours and in words."""

    feature: str
    hours: float
    words: str


class PredictionBody(msgspec.Struct, frozen=True, gc=False):
    """The answer to one query; `why` is there if it was asked for."""

    estimated_time: float
    unit: str
    interval: Interval
    closed_within: dict[int, float]
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
    model = _model(known)
    placed = in_district(model, query)
    found = rounded(model.runtime.forecast(placed, known.queue))
    body = _body(known, model, placed, found)
    if not why:
        return body
    return msgspec.structs.replace(body, why=_why(reasons_of(model, placed, known.queue)))


def answer_many(known: ServingCity, queries: Sequence[Query]) -> list[PredictionBody]:
    """The bodies of many answers, each as it would be alone. Raises Refused."""
    model = _model(known)
    placed = [in_district(model, query) for query in queries]
    forecasts = model.runtime.forecast_many(placed, known.queue, to_be_shown=True)
    return [
        _body(known, model, query, found) for query, found in zip(placed, forecasts, strict=True)
    ]


def _model(known: ServingCity) -> ServingModel:
    if known.model is None:
        raise Refused(503, f"No model is active for {known.city.name} yet.")
    return known.model


def _body(known: ServingCity, model: ServingModel, query: Query, found: Forecast) -> PredictionBody:
    median, p10, p90 = found.median_hours, found.p10_hours, found.p90_hours
    # One query's NaN, where all canned ones were fine: no answer rather than an invented one.
    if not math.isfinite(median + p10 + p90 + sum(found.closed_within.values())):
        raise Refused(503, "The model gives no number for this.")
    closing_at = math.floor(query.created_at.timestamp() + median * SECONDS_AN_HOUR)
    queue = queue_at_filing(query, known.queue)
    return PredictionBody(
        estimated_time=median,
        unit="hours",
        interval=Interval(p10, p90),
        closed_within=found.closed_within,
        expected_close_at=datetime.fromtimestamp(closing_at, known.city.zone),
        complaint_type=query.complaint_type,
        beyond_horizon=found.beyond_horizon,
        model=_name_of(model.version, model.trained_at),
        # The API speaks English.
        sentence=closing_in_words(found, str),
        queue=None if queue is None else _queue(queue),
    )


@lru_cache(maxsize=8)
def _name_of(version: str, trained_at: datetime) -> ModelName:
    return ModelName(version, trained_at.replace(microsecond=0))


@lru_cache(maxsize=1000)
def _queue(queue: QueueAhead) -> QueueBody:
    words = queue_in_words(queue, str)
    return QueueBody(queue.nearby, queue.in_city, queue.filed_within_hours, words)


def _why(reasons: tuple[Reason, ...]) -> list[ReasonBody]:
    return [
        ReasonBody(reason.feature, round(reason.hours, DECIMALS), reason_in_words(reason))
        for reason in reasons
    ]
