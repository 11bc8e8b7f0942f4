"""The map: how many complaints, how long they took and how many came late, by hexagon."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import h3.api.basic_int as h3
from django.db.models import Count, Q

from complaints.statistics.planning import plan
from complaints.statistics.queries import ask
from complaints.statistics.question import Question
from dashboard.outlines import CELL_RESOLUTION
from dashboard.overview import IS_LATE
from dashboard.selection import Selection

FEWEST_FOR_HOURS = 5
FEWEST_FOR_SHARE = 5


@dataclass(frozen=True)
class Place:
    """A hexagon; hours and share are None where they would say little."""

    cell: str
    complaints: int
    median_hours: float | None
    late_share: float | None


@dataclass(frozen=True)
class Places:
    """The hexagons of a selection; `total` counts those without a place too."""

    total: int
    unplaced: int
    cells: list[Place]


def read_places(selection: Selection, now: datetime) -> Places:
    """What was filed in the window, by hexagon. Raises TooMany."""
    question = Question(
        selection.filed, ("cell",), ("counts", "hours"), cell_resolution=CELL_RESOLUTION
    )
    total, rows = ask(question, plan(question, selection.city), now)
    late, decided = _promises(selection)
    cells = [
        Place(
            h3.int_to_str(cell),
            row.complaints,
            row.quantile_hours(0.5) if row.timed >= FEWEST_FOR_HOURS else None,
            late[cell] / decided[cell] if decided[cell] >= FEWEST_FOR_SHARE else None,
        )
        for row in rows
        if (cell := row.key[0])
    ]
    placed = sum(place.complaints for place in cells)
    return Places(total.complaints, total.complaints - placed, cells)


def _promises(selection: Selection) -> tuple[Counter[int], Counter[int]]:
    """Late ones, and those of which it is known whether they are, by hexagon."""
    late: Counter[int] = Counter()
    decided: Counter[int] = Counter()
    rows = selection.filed.rows().filter(promised_p90_hours__isnull=False, cell__isnull=False)
    counted: Any = (
        rows.order_by()
        .values("cell")
        .annotate(
            late=Count("pk", filter=IS_LATE),
            in_time=Count("pk", filter=Q(closed_at__isnull=False) & ~Q(IS_LATE)),
        )
        .values_list("cell", "late", "in_time")
    )
    for cell, late_here, in_time in counted:
        parent = h3.cell_to_parent(cell, CELL_RESOLUTION)
        late[parent] += late_here
        decided[parent] += late_here + in_time
    return late, decided
