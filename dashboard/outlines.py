"""Where boroughs end, as the complaints themselves tell: no boundary file is needed."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache

import h3.api.basic_int as h3
from django.db.models import Count

from complaints.cities import districts_by_key
from complaints.models import City, Complaint, District

CELL_RESOLUTION = 8
"""Of the map's hexagons: about 900 m from centre to centre."""
NEWEST = 400_000
FRESH_SECONDS = 1800
FEWEST_CORNERS = 14
"""An outline with fewer is one stray cell or two."""


@dataclass(frozen=True)
class Outlines:
    """Outlines of boroughs by name, rings of (latitude, longitude); and each cell's area."""

    boroughs: dict[str, list[list[tuple[float, float]]]]
    names: dict[str, str]


def read_outlines(city: City) -> Outlines:
    """The outlines, read anew every half hour."""
    return read_boundaries(city.pk, int(time.monotonic() // FRESH_SECONDS))


@lru_cache(maxsize=8)
def read_boundaries(city_id: int, _slot: int) -> Outlines:
    """The outlines of a city in one slot of time."""
    city = City.objects.get(pk=city_id)
    majority = _majorities(city)
    districts = districts_by_key(city, set(majority.values()))
    cells: dict[str, list[int]] = defaultdict(list)
    names = {}
    for cell, key in majority.items():
        district = districts[key]
        names[h3.int_to_str(cell)] = _full_name(district, districts)
        cells[_root(district, districts).name].append(cell)
    return Outlines({name: _rings(found) for name, found in sorted(cells.items())}, names)


def _majorities(city: City) -> dict[int, int]:
    """The district that most complaints of each cell of the map name."""
    newest = Complaint.objects.filter(city=city).order_by("-created_at", "-id")
    first = newest.values_list("created_at", flat=True)[NEWEST : NEWEST + 1].first()
    rows = Complaint.objects.filter(city=city, cell__isnull=False, district__isnull=False)
    if first:
        rows = rows.filter(created_at__gte=first)
    votes: dict[int, Counter[int]] = defaultdict(Counter)
    counted = rows.order_by().values_list("cell", "district").annotate(number=Count("*"))
    for cell, district, number in counted:
        if cell is not None and district is not None:
            votes[h3.cell_to_parent(cell, CELL_RESOLUTION)][district] += number
    return {cell: found.most_common(1)[0][0] for cell, found in votes.items()}


def _root(district: District, districts: object) -> District:
    found = districts.get(district.parent_id) if district.parent_id else None  # type: ignore[attr-defined]
    return found or district


def _full_name(district: District, districts: object) -> str:
    root = _root(district, districts)
    return district.name if root is district else f"{district.name}, {root.name}"


def _rings(cells: list[int]) -> list[list[tuple[float, float]]]:
    shape = h3.cells_to_h3shape(cells, tight=False)
    rings = [[(round(lat, 5), round(lng, 5)) for lat, lng in polygon.outer] for polygon in shape]
    return [ring for ring in rings if len(ring) >= FEWEST_CORNERS]
