"""What clients ask a forecast for, checked: one question in an address or many in a body."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import TypeVar
from urllib.parse import unquote

import msgspec
from msgspec import UNSET, UnsetType

from complaints.catalogue import Catalogue, UnknownType
from complaints.models import City
from complaints.moments import parse_moment
from complaints.serializers import outside
from predictions.ml.features import Query
from predictions.serving import ServingCity
from smart311.problems import shorten

PARAMETERS = ("latitude", "longitude", "created_date", "why")
MOST_PARAMETERS = 20
YES_OR_NO = {"true": True, "false": False}
EARLIEST_YEAR = 1900
FURTHEST_AHEAD = timedelta(days=366)


Value = TypeVar("Value")


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One question as it was sent."""

    complaint_type: str
    latitude: float | UnsetType | None = UNSET
    longitude: float | UnsetType | None = UNSET
    created_date: str | UnsetType | None = UNSET


class Refused(Exception):
    """A question that cannot be answered; `status` says whose fault it is."""

    def __init__(
        self, status: int, detail: str, parameter: str = "", code: str = "invalid"
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.parameter = parameter
        self.code = code


def query_of(asked: Asked, known: ServingCity, now: datetime) -> Query:
    """The question as the model knows it. Raises Refused."""
    code = find_type(known.catalogue, asked.complaint_type)
    latitude, longitude = _said(asked.latitude), _said(asked.longitude)
    return checked(code, latitude, longitude, _said(asked.created_date), known.city, now)


def checked(
    code: str,
    latitude: float | None,
    longitude: float | None,
    created_date: str | None,
    city: City,
    now: datetime,
) -> Query:
    """A question about a type that is known. Raises Refused."""
    check_place(city, latitude, longitude)
    return Query(
        complaint_type=code,
        created_at=moment_of(city, created_date, now),
        latitude=latitude,
        longitude=longitude,
    )


def refusals_of(asked: Asked, known: ServingCity, now: datetime) -> Iterator[Refused]:
    """All that is wrong with a question."""
    checks: list[Callable[[], object]] = [
        lambda: find_type(known.catalogue, asked.complaint_type),
        lambda: check_place(known.city, _said(asked.latitude), _said(asked.longitude)),
        lambda: moment_of(known.city, _said(asked.created_date), now),
    ]
    for check in checks:
        try:
            check()
        except Refused as refused:
            yield refused


def _said(value: Value | UnsetType | None) -> Value | None:
    return None if value is UNSET else value


def find_type(catalogue: Catalogue, text: str) -> str:
    """The code of a type by any of its names. Raises Refused."""
    try:
        return catalogue.find(text).code
    except UnknownType as error:
        raise Refused(404, str(error), "complaint_type", "unknown_type") from error


def check_place(city: City, latitude: float | None, longitude: float | None) -> None:
    """Raise Refused unless it lies in the city, or nowhere."""
    if latitude is None or longitude is None:
        if latitude is not None or longitude is not None:
            missing = "latitude" if latitude is None else "longitude"
            raise Refused(400, f"{missing} is missing: expected both coordinates or none", missing)
    elif not city.contains(latitude, longitude):
        wrong = "longitude" if city.spans(latitude) else "latitude"
        raise Refused(400, outside(city, latitude, longitude), wrong)


def moment_of(city: City, text: str | None, now: datetime) -> datetime:
    """When it is filed; now if nothing is said. Raises Refused."""
    if not text:
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


def parameters(query_string: str) -> dict[str, str]:
    """What an address says, without what it leaves empty. Raises Refused."""
    try:
        pairs = _pairs(query_string)
    except ValueError as error:
        raise Refused(400, "The query string is not UTF-8, or has too many fields.") from error
    found = dict(pairs)
    if unknown := [name for name in found if name not in PARAMETERS]:
        expected = ", ".join(PARAMETERS)
        got = shorten(unknown[0])
        raise Refused(400, f"got the parameter {got!r}, expected some of {expected}")
    if len(found) < len(pairs):
        raise Refused(400, "A parameter is given twice.")
    return {name: value for name, value in found.items() if value}


def _pairs(query_string: str) -> list[tuple[str, str]]:
    """Names and values. Raises ValueError for too many, and for what is not UTF-8."""
    if query_string.count("&") >= MOST_PARAMETERS:
        raise ValueError("too many fields")
    # A fifth of the time of urllib's parse_qsl; a test compares the two.
    pairs = [pair.partition("=") for pair in query_string.split("&") if pair]
    return [(_unquoted(name), _unquoted(value)) for name, _, value in pairs]


def _unquoted(text: str) -> str:
    """Raises ValueError for what is not UTF-8."""
    if "+" in text:
        text = text.replace("+", " ")
    if "%" in text:
        # Times, which are most of what is quoted, without the way through bytes and back.
        text = text.replace("%3A", ":").replace("%2B", "+")
    return unquote(text, errors="strict") if "%" in text else text


def degrees(text: str | None, name: str) -> float | None:
    """A coordinate as text. Raises Refused."""
    if text is None:
        return None
    try:
        number = math.nan if "_" in text else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise Refused(400, f"{name}: got {shorten(text)!r}, expected degrees as a number", name)
    return number


def yes_or_no(text: str, name: str) -> bool:
    """A switch. Raises Refused."""
    if text not in YES_OR_NO:
        raise Refused(400, f"{name}: got {shorten(text)!r}, expected true or false", name)
    return YES_OR_NO[text]
