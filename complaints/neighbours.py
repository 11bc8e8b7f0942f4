"""Complaints near another one: what may be the same thing, and how long the like of it took."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.models import Complaint
from complaints.models.complaint import ComplaintQuerySet

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


@dataclass(frozen=True)
class Neighbour:
    """A complaint near another: how far away, how long open, how long it took."""

    complaint: Complaint
    distance_metres: float
    age_hours: float
    hours_to_close: float | None


def possible_duplicates(complaint: Complaint, now: datetime) -> list[Neighbour]:
    """Open ones of the same type within 150 m and 14 days, the nearest first."""
    rows = Complaint.objects.open().filter(
        duplicate_of=None,
        created_at__gte=complaint.created_at - DUPLICATE_AGE,
        created_at__lte=complaint.created_at + DUPLICATE_AGE,
    )
    return _nearest(complaint, rows, 2, DUPLICATE_METRES, now)[:DUPLICATES_SHOWN]


def similar(complaint: Complaint, now: datetime) -> list[Neighbour]:
    """Open and closed ones of the same type within 500 m and 180 days before, nearest first."""
    rows = Complaint.objects.filter(
        created_at__gte=complaint.created_at - SIMILAR_AGE,
        created_at__lte=complaint.created_at + SIMILAR_AGE,
    )
    return _nearest(complaint, rows, 4, SIMILAR_METRES, now)[:SIMILAR_SHOWN]


def _nearest(
    complaint: Complaint, rows: ComplaintQuerySet, rings: int, metres: float, now: datetime
) -> list[Neighbour]:
    if complaint.cell is None:
        return []
    rows = rows.filter(city=complaint.city_id, complaint_type=complaint.complaint_type_id).near(
        complaint.cell, rings
    )
    latitude, longitude = complaint.latitude or 0.0, complaint.longitude or 0.0
    # A box about the circle spares most rows of those cells their way to Python.
    north = math.degrees(metres / EARTH_METRES)
    east = north / max(math.cos(math.radians(latitude)), 0.01)
    rows = rows.filter(
        latitude__range=(latitude - north, latitude + north),
        longitude__range=(longitude - east, longitude + east),
    )
    candidates = rows.exclude(pk=complaint.pk).order_by("-id")[:LOOKED_AT]
    found = [_neighbour(complaint, other, now) for other in candidates]
    near = [neighbour for neighbour in found if neighbour.distance_metres <= metres]
    return sorted(near, key=lambda neighbour: (neighbour.distance_metres, neighbour.complaint.pk))


def _neighbour(complaint: Complaint, other: Complaint, now: datetime) -> Neighbour:
    took = (other.closed_at - other.created_at) / _HOUR if other.closed_at else None
    return Neighbour(
        complaint=other,
        distance_metres=round(_metres(complaint, other), 1),
        age_hours=round(max((now - other.created_at) / _HOUR, 0.0), 2),
        hours_to_close=None if took is None else round(took, 2),
    )


def _metres(one: Complaint, other: Complaint) -> float:
    """Distance on a sphere between two complaints that have coordinates."""
    # A row with a cell has both coordinates: a constraint of the table.
    degrees = (one.latitude, one.longitude, other.latitude, other.longitude)
    south, west, north, east = (math.radians(value or 0.0) for value in degrees)
    across = math.sin((north - south) / 2) ** 2
    across += math.cos(south) * math.cos(north) * math.sin((east - west) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(across)))
