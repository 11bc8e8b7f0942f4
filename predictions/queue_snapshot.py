"""A city's queue as the database knows it now, for the memory of a serving process."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from complaints.models import Agency, City, ComplaintType, District
from predictions.ml.queue import LONG_DAYS, PACE_CLOSINGS, Queue, Share, Waiting

SQL = {path.stem: path.read_text() for path in (Path(__file__).parent / "sql").glob("queue_*.sql")}
# The counts change with every complaint; the pace of the last thirty closings does not, and
# reading it costs several times as much.
PACE_EVERY = timedelta(minutes=1)

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Snapshot:
    """A queue, and when its slowly changing part was read."""

    queue: Queue
    pace_read_at: datetime


def read_snapshot(city: City, now: datetime, before: Snapshot | None = None) -> Snapshot:
    """The queue at `now`. The pace is kept from `before` for `PACE_EVERY`."""
    waiting = _rows("queue_waiting", city, now)
    days = _days_in_a_row(_rows("queue_days", city, now))
    keeps_pace = before and timedelta(0) <= now - before.pace_read_at < PACE_EVERY
    closings = [] if keeps_pace else _rows("queue_closings", city, now)
    # Last, so that every key read before has its name.
    names = _Names.of(city)
    paces = _paces_of(before.queue) if before and keeps_pace else last_paces(closings, names)
    queue = Queue(taken_at=now, days=days, areas=names.areas, **counts(waiting, names), **paces)
    return Snapshot(queue, before.pace_read_at if before and keeps_pace else now)


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


def last_paces(rows: Iterable[Row], names: _Names) -> dict[str, Any]:
    """The pace fields of a `Queue` from rows of `queue_closings.sql`."""
    by_type: dict[str, list[float]] = defaultdict(list)
    by_type_district: dict[tuple[str, str], list[float]] = defaultdict(list)
    for type_key, district_key, hours in rows:
        kind, pace = names.types[type_key], math.log1p(hours)
        lists = [by_type[kind]]
        if district_key is not None:
            lists.append(by_type_district[kind, names.districts[district_key]])
        for closings in lists:
            if len(closings) < PACE_CLOSINGS:
                closings.append(pace)
    return {
        "pace_by_type": {key: sum(found) / len(found) for key, found in by_type.items()},
        "pace_by_type_district": {
            key: sum(found) / len(found) for key, found in by_type_district.items()
        },
    }


def _paces_of(queue: Queue) -> dict[str, Any]:
    return {
        "pace_by_type": queue.pace_by_type,
        "pace_by_type_district": queue.pace_by_type_district,
    }


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
