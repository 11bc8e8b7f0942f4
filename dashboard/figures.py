"""The numbers on the page, read from complaints in three queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import dropwhile
from typing import Any

from django.db.models import CharField, Count, QuerySet, Value
from django.db.models.functions import TruncDate

from complaints.models import City, Complaint
from complaints.models.complaint import ComplaintQuerySet
from complaints.percentiles import Percentiles
from dashboard.aggregates import scalar
from dashboard.complaint_types import FiledType
from dashboard.window import Window

TOP_TYPES = 10


@dataclass(frozen=True)
class Totals:
    """Open now; opened and closed in the last 24 h; hours to close of those closed in the window.

    The hours are None when nothing was closed.
    """

    open: int
    opened: int
    closed: int
    median_hours: float | None
    p90_hours: float | None


@dataclass(frozen=True)
class DayCount:
    """Complaints filed and closed on one day of the city's calendar."""

    day: date
    created: int
    closed: int


@dataclass(frozen=True)
class TypeFigures:
    """One type in the window: number filed, share of all filed (0 to 1), median hours to close."""

    code: str
    name: str
    filed: int
    share: float
    median_hours: float | None


@dataclass(frozen=True)
class Figures:
    """What the page says about a city that has complaints."""

    window: Window
    totals: Totals
    days: list[DayCount]
    top_types: list[TypeFigures]


def read_figures(window: Window, types: list[FiledType]) -> Figures:
    """The figures of a window; `types` are the city's, the most often filed first."""
    return Figures(window, _totals(window), _days(window), _top_types(window, types))


def _totals(window: Window) -> Totals:
    last_day = window.last_day()
    counts = {
        "open": Complaint.objects.open().filter(city=window.city),
        "opened": last_day.filed(),
        "closed": last_day.closed(),
    }
    row = (
        City.objects.filter(pk=window.city.pk)
        .annotate(**{name: scalar(rows, "city", Count("*")) for name, rows in counts.items()})
        .annotate(hours=scalar(window.closed().timed(), "city", Percentiles(0.5, 0.9)))
        .values(*counts, "hours")
        .get()
    )
    median_hours, p90_hours = row["hours"] or (None, None)
    return Totals(
        open=row["open"] or 0,
        opened=row["opened"] or 0,
        closed=row["closed"] or 0,
        median_hours=median_hours,
        p90_hours=p90_hours,
    )


def _days(window: Window) -> list[DayCount]:
    """Counts by local day, without the empty days before the data begins."""
    created = _per_day(window.filed(), "created", window)
    closed = _per_day(window.closed(), "closed", window)
    rows = created.union(closed, all=True)
    counts = {(row["day"], row["what"]): row["count"] for row in rows}
    days = (
        DayCount(day, counts.get((day, "created"), 0), counts.get((day, "closed"), 0))
        for day in window.days
    )
    return list(dropwhile(lambda day: not day.created and not day.closed, days))


def _per_day(rows: ComplaintQuerySet, what: str, window: Window) -> QuerySet[Any, Any]:
    day = TruncDate(f"{what}_at", tzinfo=window.city.zone)
    labelled = rows.order_by().annotate(what=Value(what, output_field=CharField()), day=day)
    return labelled.values("what", "day").annotate(count=Count("*"))


def _top_types(window: Window, types: list[FiledType]) -> list[TypeFigures]:
    filed = sum(kind.filed for kind in types)
    top = [kind for kind in types[:TOP_TYPES] if kind.filed]
    timed = window.closed().timed().filter(complaint_type__in=[kind.pk for kind in top])
    by_type = timed.order_by().values("complaint_type").annotate(hours=Percentiles(0.5))
    medians = {row["complaint_type"]: row["hours"][0] for row in by_type}
    return [
        TypeFigures(kind.code, kind.name, kind.filed, kind.filed / filed, medians.get(kind.pk))
        for kind in top
    ]
