"""The numbers on the page: whole days from roll-ups, the last 24 hours from complaints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import dropwhile

from django.db.models import Count

from complaints.filters import ComplaintFilter
from complaints.models import City, Complaint
from complaints.rollups.grains import CLOSED, FILED
from complaints.statistics.planning import plan
from complaints.statistics.queries import Row, ask
from complaints.statistics.question import Question
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
    """The figures of a window; `types` are the city's, the most often filed first.

    Hours to close come from a histogram: `complaints.rollups.histogram.LARGEST_ERROR`.
    """
    closed, closed_by_type = window.ask(CLOSED, "complaint_type", "hours")
    return Figures(
        window,
        _totals(window, closed),
        _days(window),
        _top_types(types, {row.key[0]: row for row in closed_by_type}),
    )


def _totals(window: Window, closed: Row) -> Totals:
    last_day = window.last_day()
    counts = {"opened": last_day.filed(), "closed": last_day.closed()}
    row = (
        City.objects.filter(pk=window.city.pk)
        .annotate(**{name: scalar(rows, "city", Count("*")) for name, rows in counts.items()})
        .values(*counts)
        .get()
    )
    return Totals(
        open=_open(window),
        opened=row["opened"] or 0,
        closed=row["closed"] or 0,
        median_hours=closed.quantile_hours(0.5),
        p90_hours=closed.quantile_hours(0.9),
    )


def _open(window: Window) -> int:
    waiting = (Complaint.Status.OPEN, Complaint.Status.IN_PROGRESS)
    question = Question(ComplaintFilter(window.city.slug, status=waiting), figures=("counts",))
    total, _ = ask(question, plan(question, window.city), window.end_at)
    return total.complaints


def _days(window: Window) -> list[DayCount]:
    """Counts by local day, without the empty days before the data begins."""
    created, closed = (
        {row.key[0]: row.complaints for row in window.ask(basis, group_by, "counts")[1]}
        for basis, group_by in ((FILED, "day"), (CLOSED, "closed_day"))
    )
    days = (DayCount(day, created.get(day, 0), closed.get(day, 0)) for day in window.days)
    return list(dropwhile(lambda day: not day.created and not day.closed, days))


def _top_types(types: list[FiledType], closed: Mapping[int, Row]) -> list[TypeFigures]:
    filed = sum(kind.filed for kind in types)
    return [
        TypeFigures(
            kind.code,
            kind.name,
            kind.filed,
            kind.filed / filed,
            closed[kind.pk].quantile_hours(0.5) if kind.pk in closed else None,
        )
        for kind in types[:TOP_TYPES]
        if kind.filed
    ]
