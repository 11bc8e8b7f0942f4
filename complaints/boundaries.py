"""In which district a point lies, where a boundary file was loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from django.db import transaction
from django.db.models import Count, Max
from django.db.models.functions import Now

from complaints.models import City, Complaint, DistrictBoundary
from smart311.memory import Memory

BATCH = 10_000
"""Complaints whose district is looked for at once, and changed in one transaction."""

Mark = tuple[int, datetime]
"""Number of a city's boundaries and when the last one changed."""


@dataclass(frozen=True)
class Boundaries:
    """A city's areas, the smallest first, with the primary keys of their districts.

    `polygons` and `keys` have shape (n,).
    """

    mark: Mark
    polygons: Any
    keys: tuple[int, ...]
    tree: Any

    @classmethod
    def of(cls, city: int, mark: Mark) -> Boundaries:
        """Read a city's areas from the database."""
        rows = DistrictBoundary.objects.filter(district__city=city).values_list("pk", "polygon")
        areas = [(key, shapely.from_wkb(bytes(polygon))) for key, polygon in rows]
        areas.sort(key=lambda area: (area[1].area, area[0]))
        polygons = np.array([polygon for _, polygon in areas], dtype=object)
        shapely.prepare(polygons)
        # The first question builds an index in each; later ones come from many threads.
        shapely.intersects(polygons, shapely.point_on_surface(polygons))
        return cls(mark, polygons, tuple(key for key, _ in areas), shapely.STRtree(polygons))

    def keys_at(self, places: Sequence[tuple[float, float]]) -> list[int | None]:
        """The district of each place (latitude, longitude), None outside of all.

        An edge belongs to its area. Of several areas that hold a place the smallest counts: a
        community board, not its borough; of two as large the one that came first.
        """
        points = shapely.points([(longitude, latitude) for latitude, longitude in places])
        place, area = self.tree.query(points)
        is_inside = shapely.intersects(self.polygons[area], points[place])
        smallest = np.full(len(places), len(self.keys))
        np.minimum.at(smallest, place[is_inside], area[is_inside])
        return [self.keys[index] if index < len(self.keys) else None for index in smallest.tolist()]


def read_boundaries(before: Mapping[int, Boundaries] | None) -> Mapping[int, Boundaries]:
    """The boundaries of each city that has any, by primary key; unchanged ones are kept."""
    before = before or {}
    marks = DistrictBoundary.objects.values_list("district__city").annotate(
        Count("pk"), Max("updated_at")
    )
    found = {}
    for city, count, changed_at in marks:
        known, mark = before.get(city), (count, changed_at)
        found[city] = known if known and known.mark == mark else Boundaries.of(city, mark)
    return found


boundaries: Memory[Mapping[int, Boundaries]] = Memory(read_boundaries)


def renew_districts(
    city: City, only_missing: bool, progress: Callable[[int], object] = lambda _count: None
) -> int:
    """Give stored complaints the district in whose boundary they lie; answers how many changed.

    Those outside of every boundary keep what they have. Interrupted, it can be run again.
    """
    known = boundaries.renew().get(city.pk)
    rows = Complaint.objects.filter(city=city, cell__isnull=False).order_by("pk")
    if only_missing:
        rows = rows.filter(district=None)
    if known is None:
        return 0
    last, changed = 0, 0
    while batch := list(
        rows.filter(pk__gt=last).values_list("pk", "latitude", "longitude", "district")[:BATCH]
    ):
        last = batch[-1][0]
        changed += _renew(known, batch)
        progress(len(batch))
    return changed


def _renew(known: Boundaries, batch: Sequence[tuple[int, Any, Any, int | None]]) -> int:
    found = known.keys_at([(latitude, longitude) for _, latitude, longitude, _ in batch])
    moved: dict[int, list[int]] = {}
    for (key, _, _, before), district in zip(batch, found, strict=True):
        if district is not None and district != before:
            moved.setdefault(district, []).append(key)
    with transaction.atomic():
        return sum(
            Complaint.objects.filter(pk__in=keys).update(district=district, updated_at=Now())
            for district, keys in moved.items()
        )
