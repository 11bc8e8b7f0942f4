"""Asking where complaints lie: H3 cells as ranges, and circles on the globe."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import h3.api.basic_int as h3
from django.db.models import F, FloatField, Q, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cos, Power, Radians, Sin

from complaints.models.complaint import CELL_RESOLUTION

EARTH_RADIUS_METRES = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""
MARGIN = 1.001
"""Of the box about a circle, so that rounding cuts nothing off."""

_HEXADECIMAL = re.compile(r"[0-9a-fA-F]{15,16}")
_DECIMAL = re.compile(r"[0-9]{18,19}")
_RESOLUTION_BITS = 52
_BITS_A_DIGIT = 3
_FINEST = 15


@dataclass(frozen=True)
class Box:
    """A box in degrees, edges included."""

    west: float
    south: float
    east: float
    north: float

    def condition(self) -> Q:
        """Complaints that lie in it."""
        return Q(
            longitude__gte=self.west,
            longitude__lte=self.east,
            latitude__gte=self.south,
            latitude__lte=self.north,
        )


@dataclass(frozen=True)
class Circle:
    """A point in degrees and a radius in metres."""

    latitude: float
    longitude: float
    radius: float

    def box(self) -> Box:
        """A box about it: a little larger, and all longitudes where it holds a pole."""
        north = math.degrees(self.radius / EARTH_RADIUS_METRES) * MARGIN
        south, top = self.latitude - north, self.latitude + north
        # The widest parallel that the circle touches is not that of its centre.
        widest = math.cos(math.radians(min(max(abs(south), abs(top)), 90.0)))
        east = north / widest if widest > 0.0 else 360.0
        west, right = self.longitude - east, self.longitude + east
        if west < -180.0 or right > 180.0:
            west, right = -180.0, 180.0
        return Box(west, max(south, -90.0), right, min(top, 90.0))

    def haversine(self) -> Combinable:
        """SQL for sin²(d / 2R) of each complaint's distance d from the centre."""
        latitude = math.radians(self.latitude)
        north = (Radians(F("latitude")) - latitude) / 2.0
        east = (Radians(F("longitude")) - math.radians(self.longitude)) / 2.0
        scale = Cos(Radians(F("latitude"))) * Value(math.cos(latitude), output_field=FloatField())
        return Power(Sin(north), 2.0) + scale * Power(Sin(east), 2.0)

    @property
    def haversine_limit(self) -> float:
        """The same figure at the rim: what lies within has no more."""
        return math.sin(self.radius / (2 * EARTH_RADIUS_METRES)) ** 2


def parse_cell(text: str) -> int:
    """An H3 cell of resolution 0 to 9 from its string or its decimal number. Raises ValueError."""
    if _HEXADECIMAL.fullmatch(text):
        cell = int(text, 16)
    elif _DECIMAL.fullmatch(text):
        cell = int(text)
    else:
        raise ValueError("it is neither an H3 string nor an H3 number")
    if not (cell < 2**63 and h3.is_valid_cell(cell)):
        raise ValueError("there is no such cell")
    if h3.get_resolution(cell) > CELL_RESOLUTION:
        raise ValueError(f"its resolution is {h3.get_resolution(cell)}")
    return cell


def stored_range(cell: int) -> tuple[int, int]:
    """The least and greatest number that a stored cell (resolution 9) within `cell` can have.

    A cell's number is its resolution, its base cell, then three bits for each finer step, all
    ones where it has none: https://h3geo.org/docs/core-library/h3Indexing/
    """
    resolution = h3.get_resolution(cell)
    greatest = cell + ((CELL_RESOLUTION - resolution) << _RESOLUTION_BITS)
    free = (1 << _BITS_A_DIGIT * (CELL_RESOLUTION - resolution)) - 1
    least = greatest & ~(free << _BITS_A_DIGIT * (_FINEST - CELL_RESOLUTION))
    return least, greatest


def parent_sql(column: str, resolution: int) -> str:
    """SQL for the cell of a coarser `resolution` (below 9) that the cell in `column` lies in."""
    free = (1 << _BITS_A_DIGIT * (_FINEST - resolution)) - 1
    cleared = f"({column} & ~({15 << _RESOLUTION_BITS}::bigint))"
    return f"({cleared} | {resolution << _RESOLUTION_BITS}::bigint | {free}::bigint)"
