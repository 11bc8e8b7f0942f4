"""The axis of time: what was filed, closed and open in each hour, day or week of a selection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.db.models.functions import TruncHour

from complaints.filters import ComplaintFilter
from complaints.models import City
from complaints.statistics.queries import Row
from dashboard.selection import Selection, each_day

MOST_DAILY_DAYS = 125
"""Longer windows have a point a week."""
NOTHING = Row((), 0, 0, 0, 0, 0, (None, None), (None, None), (None, None), {})


@dataclass(frozen=True)
class Bucket:
    """An hour, a day or a week: filed, closed, and how many were open at its end."""

    start: date | datetime
    filed: int
    closed: int
    open: int
    median_hours: float | None = None
    p90_hours: float | None = None


def wide(selection: Selection) -> Selection:
    """From the window's start to the data's end: the queue of a day is counted back from now."""
    end_at = selection.end_at
    if end_at is not None and end_at < selection.as_of:
        end_at = None
    return replace(selection.before or selection, end_at=end_at)


def by_hour(chosen: ComplaintFilter, moment: str, city: City) -> QuerySet[Any, Any]:
    """How many by hour of the city's clock; `moment` is `created_at` or `closed_at`."""
    rows: QuerySet[Any, Any] = (
        chosen.rows()
        .order_by()
        .annotate(hour_at=TruncHour(moment, tzinfo=city.zone))
        .values("hour_at")
        .annotate(number=Count("*"))
        .values_list("hour_at", "number")
    )
    return rows


def read_buckets(selection: Selection, answers: Mapping[str, Any]) -> list[Bucket]:
    """Oldest first; how many were open is counted back from now."""
    if selection.is_by_hour:
        return _hours(selection, answers)
    filed = {row.key[0]: row for row in answers["days"][1]}
    closed = {row.key[0]: row for row in answers["closed_days"][1]}
    known = sorted(filed.keys() | closed.keys())
    if not known:
        return []
    first, last = selection.days
    end = selection.city.localise(selection.as_of - timedelta(microseconds=1)).date()
    first = max(first, known[0]) if first else known[0]
    last = min(last, end) if last else end
    still_open = answers["open"][0].complaints
    days = []
    for day in reversed(list(each_day(first, max(end, known[-1])))):
        count, ended = filed.get(day, NOTHING), closed.get(day, NOTHING)
        if day <= last:
            days.append(
                Bucket(
                    day,
                    count.complaints,
                    ended.complaints,
                    still_open,
                    ended.quantile_hours(0.5),
                    ended.quantile_hours(0.9),
                )
            )
        still_open += ended.complaints - count.complaints
    days.reverse()
    return days if len(days) <= MOST_DAILY_DAYS else _weekly(days)


def _weekly(days: list[Bucket]) -> list[Bucket]:
    weeks: dict[date, list[Bucket]] = {}
    for day in days:
        assert isinstance(day.start, date)  # noqa: S101  (tells the type checker)
        weeks.setdefault(day.start - timedelta(days=day.start.weekday()), []).append(day)
    return [
        Bucket(
            monday,
            sum(day.filed for day in found),
            sum(day.closed for day in found),
            found[-1].open,
            _middle([day.median_hours for day in found]),
            _middle([day.p90_hours for day in found]),
        )
        for monday, found in weeks.items()
    ]


def _middle(values: list[float | None]) -> float | None:
    """The middle one: for a sparkline, where a week's own median would need its histogram."""
    known = sorted(value for value in values if value is not None)
    return known[len(known) // 2] if known else None


def _hours(selection: Selection, answers: Mapping[str, Any]) -> list[Bucket]:
    city, start_at = selection.city, selection.start_at
    assert start_at is not None  # noqa: S101  (tells the type checker)
    # The database cuts hours on the city's clock and tells them without a zone.
    counts = [
        {datetime.fromisoformat(hour): number for hour, number in answers[name]}
        for name in ("filed_by_hour", "closed_by_hour")
    ]
    first = start_at.replace(minute=0, second=0, microsecond=0)
    still_open = answers["open"][0].complaints
    found = []
    for number in range(24, -1, -1):
        hour = city.localise(first + timedelta(hours=number))
        filed, closed = (one.get(hour.replace(tzinfo=None), 0) for one in counts)
        found.append(Bucket(hour, filed, closed, still_open))
        still_open += closed - filed
    return found[::-1]
