"""Which service requests a client asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db.models import Q
from rest_framework.exceptions import NotFound

from complaints.catalogue import UnknownType
from complaints.filter_parameters import (
    DEFAULT_RADIUS_METRES,
    MOST_RADIUS_METRES,
    Lookup,
    comma_list,
)
from complaints.filters import ComplaintFilter
from complaints.models import Agency, City, Complaint
from complaints.models.complaint import ComplaintQuerySet
from complaints.open311 import parameters
from complaints.open311.parameters import Reader, Sent
from complaints.open311.service_requests import CLOSED, OPEN
from complaints.places import Box, Circle

WINDOW = timedelta(days=90)
"""What is listed where nobody says from when; and the longest span between two dates."""
MOST_ROWS = 1000
MOST_PAGES = 100_000
STATUSES: Mapping[str, tuple[str, ...]] = {
    OPEN: (Complaint.Status.OPEN, Complaint.Status.IN_PROGRESS),
    CLOSED: (Complaint.Status.CLOSED,),
}
BOX = ("lat_ne", "long_ne", "lat_sw", "long_sw")


@dataclass(frozen=True)
class Asked:
    """A page of the chosen complaints, from 1, and how much is told of each."""

    rows: ComplaintQuerySet
    page: int
    size: int
    is_extended: bool
    is_count: bool

    def cut(self) -> ComplaintQuerySet:
        """The page's complaints, the newest first; past the end there are none."""
        first = (self.page - 1) * self.size
        return self.rows.order_by("-created_at", "-pk")[first : first + self.size]


def read(given: Sent, city: City, now: datetime, *, is_whole: bool = False) -> Asked:
    """What the parameters ask for. `is_whole`: of all times, where no dates are given.

    Raises ValidationError that names each bad one, NotFound for a service that there is not.
    """
    reader = Reader(given)
    rows = _rows(reader, city, now, is_whole)
    page, size = pages(reader)
    asked = Asked(
        rows=rows,
        page=page,
        size=size,
        is_extended=reader.read("extensions", parameters.yes_or_no) or False,
        is_count=reader.read("just_count", parameters.yes_or_no) or False,
    )
    reader.finish()
    return asked


def pages(reader: Reader) -> tuple[int, int]:
    """Number and size of the page."""
    page = reader.read("page", partial(parameters.count, most=MOST_PAGES))
    size = reader.read("page_size", partial(parameters.count, most=MOST_ROWS))
    return page or 1, size or MOST_ROWS


def _rows(reader: Reader, city: City, now: datetime, is_whole: bool) -> ComplaintQuerySet:
    if ids := reader.read("service_request_id", comma_list):
        return Complaint.objects.filter(city=city, public_id__in=ids)
    lookup = Lookup()
    lookup.city = city
    start, end = window(reader, lookup, now, is_whole)
    until = reader.read("updated_before", lookup.moment)
    values: dict[str, Any] = {
        "complaint_type": reader.read("service_code", partial(_types, lookup)),
        "agency": reader.read("agency_responsible", partial(_agencies, city)),
        "status": reader.read("status", _statuses),
        "created_after": start,
        "created_before": end,
        "updated_since": reader.read("updated_after", lookup.moment),
        "near": _circle(reader),
        "bbox": _box(reader),
        "q": reader.read("q", lookup.words),
    }
    rows = ComplaintFilter(city=city.slug, **values).rows()
    return rows.filter(updated_at__lt=_after(until) or until) if until else rows


def window(
    reader: Reader, lookup: Lookup, now: datetime, is_whole: bool = False
) -> tuple[datetime | None, datetime | None]:
    """From when (inclusive) until when (exclusive) requests are listed."""
    start = reader.read("start_date", lookup.moment)
    end = reader.read("end_date", lookup.moment)
    if start and end and not is_whole and end - start > WINDOW:
        reader.errors["end_date"] = [f"expected at most {WINDOW.days} days after start_date"]
    if not (start or is_whole or {"updated_after", "updated_before"} & reader.given.keys()):
        start = _before(end or now)
    return start, _after(end) if end else None


def _before(moment: datetime) -> datetime | None:
    try:
        return moment - WINDOW
    except OverflowError:
        return None


def _after(moment: datetime) -> datetime | None:
    """The end that includes it: answers have whole seconds, so a whole second includes its parts.

    None at the end of the calendar.
    """
    try:
        return moment + (timedelta(microseconds=1) if moment.microsecond else timedelta(seconds=1))
    except OverflowError:
        return None


def _types(lookup: Lookup, text: str) -> tuple[int, ...]:
    try:
        return lookup.types(text)
    except UnknownType as error:
        raise NotFound(f"service_code: {error}") from error


def _agencies(city: City, text: str) -> tuple[int, ...]:
    """Agencies by code or by name in any case, as answers have it."""
    names = comma_list(text)
    found: set[int] = set()
    for name in names:
        rows = Agency.objects.filter(Q(code=name) | Q(name__iexact=name), city=city)
        keys = rows.values_list("pk", flat=True)
        if not keys:
            raise ValueError("the name or code of an agency")
        found.update(keys)
    return tuple(found)


def _statuses(text: str) -> tuple[str, ...]:
    names = comma_list(text.lower())
    if not set(names) <= STATUSES.keys():
        raise ValueError(f"{OPEN}, {CLOSED} or both")
    return tuple(status for name in names for status in STATUSES[name])


def _circle(reader: Reader) -> Circle | None:
    is_given = reader.together("lat", "long")
    parse_radius = partial(parameters.number, least=0.01, most=MOST_RADIUS_METRES, unit="metres")
    radius = reader.read("radius", parse_radius)
    if radius is not None and not is_given:
        reader.errors.setdefault("lat", ["is missing: radius came without a point"])
    latitude = reader.read("lat", parameters.latitude)
    longitude = reader.read("long", parameters.longitude)
    if latitude is None or longitude is None:
        return None
    return Circle(latitude, longitude, radius or DEFAULT_RADIUS_METRES)


def _box(reader: Reader) -> Box | None:
    if not reader.together(*BOX):
        return None
    north = reader.read("lat_ne", parameters.latitude)
    east = reader.read("long_ne", parameters.longitude)
    south = reader.read("lat_sw", parameters.latitude)
    west = reader.read("long_sw", parameters.longitude)
    if north is None or east is None or south is None or west is None:
        return None
    if south > north or west > east:
        reader.errors["lat_ne"] = ["expected the north-east corner beyond lat_sw and long_sw"]
        return None
    return Box(west, south, east, north)
