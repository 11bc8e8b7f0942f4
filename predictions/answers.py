"""One forecast query in, the bytes of its answer out: the same in web and lane."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import msgspec

from complaints.catalogue import UnknownType
from complaints.forecasting import Forecast, ForecastQuery, QueueAhead, Reason
from complaints.models import City
from complaints.moments import parse_moment
from complaints.phrases import forecast_in_words, queue_in_words, reason_in_words
from complaints.serializers import outside
from predictions.forecasting import forecast_with
from predictions.serving import ServingCity
from smart311.problems import CONTENT_TYPE, RETRY_AFTER_SECONDS, problem_body, shorten

PARAMETERS = ("latitude", "longitude", "created_date", "why")
YES_OR_NO = {"true": True, "false": False}
EARLIEST_YEAR = 1900
FURTHEST_AHEAD = timedelta(days=366)
DECIMALS = 4
JSON = "application/json"


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


class Refused(Exception):
    """A query that cannot be answered; `status` says whose fault it is."""

    def __init__(self, status: int, detail: str, parameter: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.parameter = parameter


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
    return Answer(200, JSON, msgspec.json.encode(body))


def _refusal(refused: Refused, request_id: str) -> Answer:
    errors = (
        [{"pointer": f"/{refused.parameter}", "code": "invalid", "detail": str(refused)}]
        if refused.parameter
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
    try:
        kind = known.catalogue.find(complaint_type)
    except UnknownType as error:
        raise Refused(404, str(error)) from error
    given = _parameters(query_string)
    query = _query(kind.code, given, known.city, now)
    why = _yes_or_no(given, "why")
    if known.model is None:
        raise Refused(503, f"No model is active for {known.city.name} yet.")
    forecast = forecast_with(known.model, query, known.queue, why=why)
    # One query's NaN, where all canned ones were fine: no answer rather than an invented one.
    if not math.isfinite(forecast.median_hours + forecast.p10_hours + forecast.p90_hours):
        raise Refused(503, "The model gives no number for this.")
    return _body(forecast, kind.code, known.city)


def _parameters(query_string: str) -> dict[str, str]:
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError as error:
        raise Refused(400, "The query string is not UTF-8, or has too many fields.") from error
    found = dict(pairs)
    for name in found:
        if name not in PARAMETERS:
            expected = ", ".join(PARAMETERS)
            raise Refused(400, f"got the parameter {shorten(name)!r}, expected some of {expected}")
    if len(found) < len(pairs):
        raise Refused(400, "A parameter is given twice.")
    return {name: value for name, value in found.items() if value}


def _query(code: str, given: dict[str, str], city: City, now: datetime) -> ForecastQuery:
    latitude, longitude = (_degrees(given, name) for name in ("latitude", "longitude"))
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise Refused(400, f"{missing} is missing: expected both coordinates or none", missing)
    if latitude is not None and longitude is not None and not city.contains(latitude, longitude):
        wrong = "longitude" if city.spans(latitude) else "latitude"
        raise Refused(400, outside(city, latitude, longitude), wrong)
    return ForecastQuery(code, _created_at(given, city, now), latitude, longitude)


def _degrees(given: dict[str, str], name: str) -> float | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        number = math.nan if "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Refused(400, f"{name}: got {shorten(text)!r}, expected degrees as a number", name)
    return number


def _yes_or_no(given: dict[str, str], name: str) -> bool:
    text = given.get(name, "false")
    if text not in YES_OR_NO:
        raise Refused(400, f"{name}: got {shorten(text)!r}, expected true or false", name)
    return YES_OR_NO[text]


def _created_at(given: dict[str, str], city: City, now: datetime) -> datetime:
    text = given.get("created_date")
    if text is None:
        return now
    try:
        moment = parse_moment(text, city.zone)
    except ValueError as error:
        raise Refused(400, f"created_date: {shorten(error)}", "created_date") from error
    if moment.year < EARLIEST_YEAR or moment > now + FURTHEST_AHEAD:
        raise Refused(
            400,
            f"created_date: got {shorten(text)!r}, expected a time since {EARLIEST_YEAR} "
            f"and at most {FURTHEST_AHEAD.days} days ahead",
            "created_date",
        )
    return moment


def _body(forecast: Forecast, code: str, city: City) -> PredictionBody:
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
        sentence=forecast_in_words(forecast),
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
