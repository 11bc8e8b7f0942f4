"""What became of promises, by week and agency."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet, Sum

from dashboard.selection import Selection
from predictions.models import PROMISE_COUNTS, PromiseCount
from predictions.promises import Accuracy

FEWEST_DUE = 20
"""Of fewer promises a share says little."""


def promise_weeks(selection: Selection) -> QuerySet[Any, Any]:
    """What became of promises, by week and agency, back to the window before.

    They are counted by type, agency and district; other conditions cannot narrow them.
    """
    first = (selection.before or selection).days[0]
    counts = PromiseCount.objects.filter(city=selection.city)
    if first:
        counts = counts.filter(week_on__gte=first - timedelta(days=first.weekday()))
    narrowed = selection.narrowed
    for name in ("complaint_type", "agency", "district"):
        if (keys := getattr(narrowed, name)) is not None:
            counts = counts.filter(**{f"{name}__in": keys})
    sums = {name: Sum(name) for name in PROMISE_COUNTS}
    rows: QuerySet[Any, Any] = (
        counts.order_by("week_on")
        .values("week_on", "agency")
        .annotate(**{f"{name}_sum": sum_ for name, sum_ in sums.items()})
        .values_list("week_on", "agency", *(f"{name}_sum" for name in sums))
    )
    return rows


class PromiseWeeks:
    """Sums of promise counts over some of the weeks and agencies."""

    def __init__(self, rows: Iterable[list[Any]], selection: Selection) -> None:
        self._rows = [(date.fromisoformat(row[0]), row[1], row[2:]) for row in rows]
        first, last = selection.days
        self._first = first - timedelta(days=first.weekday()) if first else date.min
        self._last = last or date.max

    def of_window(self) -> Accuracy | None:
        """The sum over the window; None where no range has ended."""
        return self._sum(lambda week, _: self._first <= week <= self._last)

    def before(self) -> Accuracy | None:
        """The same over the window before."""
        return self._sum(lambda week, _: week < self._first)

    def by_agency(self, key: int | None) -> Accuracy | None:
        """The same of one agency in the window, by its key."""
        return self._sum(lambda week, agency: self._first <= week <= self._last and agency == key)

    def weekly(self) -> list[float]:
        """The share kept in each week of the window that has enough of them."""
        weeks = sorted({week for week, _, _ in self._rows if self._first <= week <= self._last})
        found = (self._sum(lambda week, _, wanted=wanted: week == wanted) for wanted in weeks)
        return [one.kept for one in found if one and one.due >= FEWEST_DUE]

    def _sum(self, is_wanted: Any) -> Accuracy | None:
        wanted = [counts for week, agency, counts in self._rows if is_wanted(week, agency)]
        sums = [sum(column) for column in zip(*wanted, strict=True)] or [0] * len(PROMISE_COUNTS)
        return Accuracy.of(dict(zip(PROMISE_COUNTS, sums, strict=True)))
