"""Complaints near another one: what may be the same thing, and how long the like of it took."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import h3.api.basic_int as h3
from django.db import connection

from complaints.models import Complaint
from complaints.models.promise import is_beyond_horizon

DUPLICATE_METRES = 150
DUPLICATE_AGE = timedelta(days=14)
DUPLICATES_SHOWN = 10
SIMILAR_METRES = 500
SIMILAR_AGE = timedelta(days=180)
SIMILAR_SHOWN = 20
LOOKED_AT = 500
"""Most candidates, the newest, whose distance is measured."""
EARTH_METRES = 6_371_009
"""Mean radius of the WGS 84 ellipsoid (IUGG)."""
_HOUR = timedelta(hours=1)


# Written out, because Django takes longer to write it than the database to answer it. The box
# about the circle spares most rows of those cells their way to Python.
_NEARBY = """
SELECT id, public_id, status, created_at, closed_at, latitude, longitude,
    promised_median_hours, promised_p10_hours, promised_p90_hours, promised_by
FROM complaints_complaint
WHERE city_id = %(city)s AND complaint_type_id = %(kind)s AND cell = ANY(%(cells)s)
    AND created_at BETWEEN %(since)s AND %(until)s
    AND latitude BETWEEN %(south)s AND %(north)s AND longitude BETWEEN %(west)s AND %(east)s
    AND id <> %(id)s
"""
_IS_POSSIBLE_DUPLICATE = "AND NOT status = 'closed' AND duplicate_of_id IS NULL"
_NEWEST = "ORDER BY id DESC LIMIT %(most)s"


class Nearby(NamedTuple):
    """What is read of a complaint near another one: the columns of the query, in their order."""

    id: int
    public_id: str
    status: str
    created_at: datetime
    closed_at: datetime | None
    latitude: float
    longitude: float
    promised_median_hours: float | None
    promised_p10_hours: float | None
    promised_p90_hours: float | None
    promised_by: str

    @property
    def is_promised_beyond_horizon(self) -> bool:
        """As of a complaint."""
        return is_beyond_horizon(self.promised_median_hours)


@dataclass(frozen=True)
class Neighbour:
    """A complaint near another: how far away, how long open, how long it took."""

    complaint: Nearby
    distance_metres: float
    age_hours: float
    hours_to_close: float | None


def possible_duplicates(complaint: Complaint, now: datetime) -> list[Neighbour]:
    """Open ones of the same type within 150 m and 14 days, the nearest first."""
    sql = f"{_NEARBY} {_IS_POSSIBLE_DUPLICATE} {_NEWEST}"
    near = _Near(rings=2, metres=DUPLICATE_METRES, age=DUPLICATE_AGE)
    return near.to(complaint, sql, now)[:DUPLICATES_SHOWN]


def similar(complaint: Complaint, now: datetime) -> list[Neighbour]:
    """Open and closed ones of the same type within 500 m and 180 days before, nearest first."""
    near = _Near(rings=4, metres=SIMILAR_METRES, age=SIMILAR_AGE)
    return near.to(complaint, f"{_NEARBY} {_NEWEST}", now)[:SIMILAR_SHOWN]


@dataclass(frozen=True)
class _Near:
    """How far away in place and time; `rings` of H3 cells cover that many metres."""

    rings: int
    metres: float
    age: timedelta

    def to(self, complaint: Complaint, sql: str, now: datetime) -> list[Neighbour]:
        """Those that a query finds near a complaint, the nearest first."""
        if complaint.cell is None:
            return []
        with connection.cursor() as cursor:
            cursor.execute(sql, self._parameters(complaint, complaint.cell))
            rows = [Nearby(*row) for row in cursor]
        found = [_neighbour(complaint, other, now) for other in rows]
        near = [neighbour for neighbour in found if neighbour.distance_metres <= self.metres]
        return sorted(near, key=lambda each: (each.distance_metres, each.complaint.id))

    def _parameters(self, complaint: Complaint, cell: int) -> dict[str, Any]:
        latitude, longitude = complaint.latitude or 0.0, complaint.longitude or 0.0
        north = math.degrees(self.metres / EARTH_METRES)
        east = north / max(math.cos(math.radians(latitude)), 0.01)
        return {
            "city": complaint.city_id,
            "kind": complaint.complaint_type_id,
            "cells": h3.grid_disk(cell, self.rings),
            "since": complaint.created_at - self.age,
            "until": complaint.created_at + self.age,
            "south": latitude - north,
            "north": latitude + north,
            "west": longitude - east,
            "east": longitude + east,
            "id": complaint.pk,
            "most": LOOKED_AT,
        }


def _neighbour(complaint: Complaint, other: Nearby, now: datetime) -> Neighbour:
    took = (other.closed_at - other.created_at) / _HOUR if other.closed_at else None
    return Neighbour(
        complaint=other,
        distance_metres=round(_metres(complaint, other), 1),
        age_hours=round(max((now - other.created_at) / _HOUR, 0.0), 2),
        hours_to_close=None if took is None else round(took, 2),
    )


def _metres(one: Complaint, other: Nearby) -> float:
    """Distance on a sphere between two complaints that have coordinates."""
    # A row with a cell has both coordinates: a constraint of the table.
    degrees = (one.latitude, one.longitude, other.latitude, other.longitude)
    south, west, north, east = (math.radians(value or 0.0) for value in degrees)
    across = math.sin((north - south) / 2) ** 2
    across += math.cos(south) * math.cos(north) * math.sin((east - west) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(across)))
