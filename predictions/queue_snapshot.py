"""A city's queue as the database knows it now, for the memory of a serving process."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.db import connection

from complaints.models import Agency, City, ComplaintType, District
from predictions.ml.queue import LONG_DAYS, PACE_CLOSINGS, Queue, Share, Waiting

SQL = {path.stem: path.read_text() for path in (Path(__file__).parent / "sql").glob("queue_*.sql")}
# The counts change with every complaint; the pace of the last thirty closings does not, the last
# closing may be a minute old, and reading them costs several times as much.
CLOSINGS_EVERY = timedelta(minutes=1)

CLOSING_FIELDS = (
    "pace_by_type",
    "pace_by_type_district",
    "closed_by_agency",
    "closed_by_agency_district",
)
Row = tuple[Any, ...]
Key = TypeVar("Key")


@dataclass(frozen=True)
class Snapshot:
    """A queue, and when its slowly changing part was read."""

    queue: Queue
    closings_read_at: datetime


def read_snapshot(city: City, now: datetime, before: Snapshot | None = None) -> Snapshot:
    """The queue at `now`. What closed last is kept from `before` for `CLOSINGS_EVERY`."""
    waiting = _rows("queue_waiting", city, now)
    days = _days_in_a_row(_rows("queue_days", city, now))
    keeps = before and timedelta(0) <= now - before.closings_read_at < CLOSINGS_EVERY
    closings = [] if keeps else _rows("queue_closings", city, now)
    # Last, so that every key read before has its name.
    names = _Names.of(city)
    closed = _closings_of(before.queue) if before and keeps else last_closings(closings, names)
    queue = Queue(taken_at=now, days=days, areas=names.areas, **counts(waiting, names), **closed)
    return Snapshot(queue, before.closings_read_at if before and keeps else now)


@dataclass(frozen=True)
class _Names:
    """Primary keys → codes, and district code → code of the area it lies in."""

    types: Mapping[int, str]
    agencies: Mapping[int, str]
    districts: Mapping[int, str]
    areas: Mapping[str, str]

    @classmethod
    def of(cls, city: City) -> _Names:
        districts = list(
            District.objects.filter(city=city).values_list("pk", "code", "parent__code")
        )
        return cls(
            types=dict(ComplaintType.objects.filter(city=city).values_list("pk", "code")),
            agencies=dict(Agency.objects.filter(city=city).values_list("pk", "code")),
            districts={key: code for key, code, _ in districts},
            areas={code: parent or code for _, code, parent in districts},
        )


def counts(rows: Iterable[Row], names: _Names) -> dict[str, Any]:
    """The counting fields of a `Queue` from rows of `queue_waiting.sql`."""
    # Added up in lists: thousands of rows every two seconds, in every serving process.
    by_type: dict[str, list[Any]] = defaultdict(lambda: [0, 0, 0.0])
    by_type_district: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, 0, 0.0])
    by_agency_area: dict[tuple[str, str], int] = defaultdict(int)
    by_agency: dict[str, list[Any]] = defaultdict(lambda: [0, 0])
    by_agency_district: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, 0])
    for type_key, agency_key, district_key, *waiting, filed_24, filed_6, open_6 in rows:
        kind = names.types[type_key]
        agency = names.agencies.get(agency_key)
        district = names.districts.get(district_key)
        _add(by_type[kind], waiting)
        if agency is not None:
            _add(by_agency[agency], (filed_6, open_6))
        if district is not None:
            _add(by_type_district[kind, district], waiting)
        if agency is not None and district is not None:
            by_agency_area[agency, names.areas[district]] += waiting[1]
            _add(by_agency_district[agency, district], (filed_24, waiting[0]))
    return {
        "by_type": {key: Waiting(*found) for key, found in by_type.items()},
        "by_type_district": {key: Waiting(*found) for key, found in by_type_district.items()},
        "by_agency_area": dict(by_agency_area),
        "by_agency": {key: Share(*found) for key, found in by_agency.items()},
        "by_agency_district": {key: Share(*found) for key, found in by_agency_district.items()},
    }


def _add(sums: list[Any], numbers: Sequence[float]) -> None:
    for place, number in enumerate(numbers):
        sums[place] += number


def last_closings(rows: Iterable[Row], names: _Names) -> dict[str, Any]:
    """The fields of a `Queue` about closings, from rows of `queue_closings.sql`."""
    by_type: dict[str, list[float]] = defaultdict(list)
    by_type_district: dict[tuple[str, str], list[float]] = defaultdict(list)
    by_agency: dict[str, datetime] = {}
    by_agency_district: dict[tuple[str, str], datetime] = {}
    for type_key, agency_key, district_key, hours, seen_at in rows:
        kind, pace = names.types[type_key], math.log1p(hours)
        agency = names.agencies.get(agency_key)
        district = names.districts.get(district_key)
        _append_pace(by_type[kind], pace)
        if agency is not None:
            by_agency.setdefault(agency, seen_at)
        if district is not None:
            _append_pace(by_type_district[kind, district], pace)
        if agency is not None and district is not None:
            by_agency_district.setdefault((agency, district), seen_at)
    return {
        "pace_by_type": _means(by_type),
        "pace_by_type_district": _means(by_type_district),
        "closed_by_agency": by_agency,
        "closed_by_agency_district": by_agency_district,
    }


def _append_pace(paces: list[float], pace: float) -> None:
    if len(paces) < PACE_CLOSINGS:
        paces.append(pace)


def _means(paces: Mapping[Key, list[float]]) -> dict[Key, float]:
    return {key: sum(found) / len(found) for key, found in paces.items()}


def _closings_of(queue: Queue) -> dict[str, Any]:
    return {name: getattr(queue, name) for name in CLOSING_FIELDS}


def _days_in_a_row(rows: list[Row]) -> int:
    found = [was_filed for (was_filed,) in rows]
    return found.index(False) if False in found else len(found)


def _rows(name: str, city: City, now: datetime) -> list[Row]:
    parameters: dict[str, int | str | datetime] = {
        "city": city.pk,
        "now": now,
        "zone": city.time_zone,
        "days": LONG_DAYS,
    }
    with connection.cursor() as cursor:
        cursor.execute(SQL[name], parameters)
        # Row by row, not fetchall(): within one call of C no request gets its turn.
        return list(cursor)
