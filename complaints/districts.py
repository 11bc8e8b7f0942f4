"""The district of a place: by its boundaries, or as earlier complaints from there tell it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import h3.api.basic_int as h3
from django.db import connection

from complaints.boundaries import boundaries
from complaints.models import City
from complaints.models.complaint import cell_of

Place = tuple[float, float]
"""Latitude and longitude in degrees."""

RINGS = 2
"""How far a vote may come from: two rings of cells, about 700 m."""
VOTES_PER_CELL = 20
"""The newest of each cell vote: a bound on what a busy cell costs, and a moved border counts."""

# The nearest ring with any vote decides; of equal counts the smaller id, so that answers repeat.
_MAJORITY = """
SELECT DISTINCT ON (asked.origin) asked.origin, vote.district_id
FROM unnest(%s::bigint[], %s::int[], %s::bigint[]) AS asked (origin, ring, cell)
CROSS JOIN LATERAL (
    SELECT district_id FROM complaints_complaint
    WHERE city_id = %s AND cell = asked.cell
    ORDER BY id DESC LIMIT %s
) AS vote
WHERE vote.district_id IS NOT NULL
GROUP BY asked.origin, asked.ring, vote.district_id
ORDER BY asked.origin, asked.ring, count(*) DESC, vote.district_id
"""


def districts_at(city: City, places: Sequence[Place | None]) -> list[int | None]:
    """Primary key of the district of each place (latitude, longitude), None where there is none.

    Where the city's boundaries are loaded they alone decide, without a query.
    """
    asked = [place for place in places if place is not None]
    if known := boundaries.state().get(city.pk):
        found = dict(zip(asked, known.keys_at(asked), strict=True)) if asked else {}
    else:
        cells = {place: cell_of(*place) for place in asked}
        by_cell = districts_of(city, cells.values())
        found = {place: by_cell.get(cell) for place, cell in cells.items()}
    return [found[place] if place is not None else None for place in places]


def districts_of(city: City, cells: Iterable[int]) -> dict[int, int]:
    """H3 cell → primary key of its district; cells with no voter near are left out.

    One query on the index `complaint_by_cell`, however many cells; one more for those that nobody
    complained from before.
    """
    origins = set(cells)
    found = _votes(city, origins, range(1))
    return found | _votes(city, origins - found.keys(), range(1, RINGS + 1))


def _votes(city: City, origins: set[int], rings: range) -> dict[int, int]:
    asked = [
        (origin, ring, cell)
        for origin in sorted(origins)
        for ring in rings
        for cell in h3.grid_ring(origin, ring)
    ]
    if not asked:
        return {}
    columns = [list(column) for column in zip(*asked, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(_MAJORITY, [*columns, city.pk, VOTES_PER_CELL])
        return dict(cursor.fetchall())
