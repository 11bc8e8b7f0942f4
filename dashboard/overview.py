"""The numbers of the first page: all of them in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncHour
from django.db.models.lookups import GreaterThan

from complaints.cities import cities, known_city
from complaints.filters import SECONDS_SO_FAR, ComplaintFilter
from complaints.models import Agency, City, ComplaintType
from complaints.statistics.queries import Row
from complaints.statistics.question import Question
from complaints.statistics.together import (
    Distribution,
    Distributions,
    Figures,
    Listing,
    ask_together,
)
from dashboard.selection import BEGINNING, Selection, each_day, midnight
from predictions.models import PROMISE_COUNTS, PromiseCount
from predictions.promises import Accuracy

MOST_DAILY_DAYS = 125
"""Longer windows have a point a week."""
TOP_TYPES = 12
FEWEST_DUE = 20
"""Of fewer promises a share says little."""
IS_LATE = GreaterThan(SECONDS_SO_FAR, F("promised_p90_hours") * 3600.0)
"""Closed later than the promised range, or open past it."""
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


@dataclass(frozen=True)
class TypeFigures:
    """A type in the window: filed, its share of all, and the median hours of those closed."""

    kind: ComplaintType
    filed: int
    share: float
    median_hours: float | None


@dataclass(frozen=True)
class AgencyFigures:
    """An agency's card. `hours` are those of what it closed in the window."""

    code: str
    name: str
    filed: int
    closed: int
    open: int
    hours: Distribution
    promises: Accuracy | None


@dataclass(frozen=True)
class Totals:
    """The key figures of a window; hours and promises are None where there are none."""

    filed: int
    closed: int
    median_hours: float | None
    p90_hours: float | None
    promises: Accuracy | None


@dataclass(frozen=True)
class Overview:
    """Everything that the first page says."""

    selection: Selection
    now: Totals
    before: Totals | None
    open: int
    promised_open: int
    late: int
    buckets: list[Bucket]
    types: list[TypeFigures]
    agencies: list[AgencyFigures]
    all_agencies: dict[str, str]
    channels: list[str]
    hours: Distribution
    weekly_kept: list[float] = field(default_factory=list)


def read_overview(selection: Selection, now: datetime) -> Overview:
    """The figures of a selection in one statement. Raises TooMany."""
    asked = _questions(selection)
    answers = dict(zip(asked, ask_together(list(asked.values()), selection.city, now), strict=True))
    agencies = {pk: (code, name) for pk, code, name in answers["agencies"]}
    hours: dict[int, Distribution] = answers["hours"]
    whole = sum(hours.values(), Distribution({}))
    closed_total, closed_by_type = answers["closed_by_type"]
    buckets = _buckets(selection, answers)
    promises = _PromiseWeeks(answers["promises"], selection)
    current = Totals(
        filed=answers["types"][0].complaints,
        closed=closed_total.complaints,
        median_hours=whole.quantile_hours(0.5),
        p90_hours=whole.quantile_hours(0.9),
        promises=promises.of_window(),
    )
    late, promised = (answers["late"] or [(0, 0)])[0]
    return Overview(
        selection=selection,
        now=current,
        before=_before(selection, answers, promises),
        open=answers["open"][0].complaints,
        promised_open=promised,
        late=late,
        buckets=buckets,
        types=_types(selection, answers["types"], closed_by_type),
        agencies=_agencies(agencies, answers, hours, promises),
        all_agencies=dict(sorted(agencies.values())),
        channels=sorted({row.key[0] for row in answers["channels"][1]} - {""}),
        hours=whole,
        weekly_kept=promises.weekly(),
    )


def _questions(selection: Selection) -> dict[str, Any]:
    before = selection.before
    wide = _wide(selection)
    asked: dict[str, Any] = {
        "types": Figures(Question(selection.filed, ("complaint_type",), ("counts",))),
        "closed_by_type": Figures(
            Question(by_closing(selection), ("complaint_type",), ("counts", "hours"))
        ),
        "hours": Distributions(Question(by_closing(selection), ("agency",), ("hours",))),
        "filed_by_agency": Figures(Question(selection.filed, ("agency",), ("counts",))),
        "closed_by_agency": Figures(Question(by_closing(selection), ("agency",), ("counts",))),
        "open": Figures(Question(selection.waiting, ("agency",), ("counts",))),
        "late": Listing(_late(selection)),
        "promises": Listing(_promise_weeks(selection)),
        "agencies": Listing(
            Agency.objects.filter(city=selection.city)
            .order_by("code")
            .values_list("pk", "code", "name")
        ),
    }
    month = selection.city.localise(selection.as_of).date().replace(day=1)
    recently = midnight((month - timedelta(days=1)).replace(day=1), selection.city)
    anything = ComplaintFilter(selection.city.slug, created_after=recently)
    asked["channels"] = Figures(Question(anything, ("channel",), ("counts",)))
    if selection.is_by_hour:
        asked["filed_by_hour"] = Listing(_by_hour(wide.filed, "created_at", selection.city))
        asked["closed_by_hour"] = Listing(_by_hour(wide.closed, "closed_at", selection.city))
    else:
        asked["days"] = Figures(Question(wide.filed, ("day",), ("counts",)))
        asked["closed_days"] = Figures(
            Question(by_closing(wide), ("closed_day",), ("counts", "hours"))
        )
    if before:
        asked["filed_before"] = Figures(Question(before.filed, (), ("counts",)))
        asked["closed_before"] = Figures(Question(before.closed, (), ("counts", "hours")))
    return asked


def by_closing(selection: Selection) -> ComplaintFilter:
    """Those closed in the window, told apart from those filed also where nothing bounds it."""
    if selection.start_at or selection.end_at:
        return selection.closed
    return replace(selection.closed, closed_after=midnight(BEGINNING, selection.city))


def _wide(selection: Selection) -> Selection:
    """From the window's start to the data's end: the queue of a day is counted back from now."""
    end_at = selection.end_at
    if end_at is not None and end_at < selection.as_of:
        end_at = None
    return replace(selection.before or selection, end_at=end_at)


def _by_hour(chosen: ComplaintFilter, moment: str, city: City) -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = (
        chosen.rows()
        .order_by()
        .annotate(hour_at=TruncHour(moment, tzinfo=city.zone))
        .values("hour_at")
        .annotate(number=Count("*"))
        .values_list("hour_at", "number")
    )
    return rows


def _late(selection: Selection) -> QuerySet[Any, Any]:
    """How many open complaints are past their promised range, and how many have a promise."""
    promised = selection.waiting.rows().filter(promised_p90_hours__isnull=False)
    rows: QuerySet[Any, Any] = (
        promised.order_by()
        .values("city")
        .annotate(late=Count("pk", filter=IS_LATE), promised=Count("pk"))
        .values_list("late", "promised")
    )
    return rows


def _promise_weeks(selection: Selection) -> QuerySet[Any, Any]:
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


class _PromiseWeeks:
    """Sums of promise counts over some of the weeks and agencies."""

    def __init__(self, rows: Iterable[list[Any]], selection: Selection) -> None:
        self._rows = [(date.fromisoformat(row[0]), row[1], row[2:]) for row in rows]
        first, last = selection.days
        self._first = first - timedelta(days=first.weekday()) if first else date.min
        self._last = last or date.max

    def of_window(self) -> Accuracy | None:
        return self._sum(lambda week, _: self._first <= week <= self._last)

    def before(self) -> Accuracy | None:
        return self._sum(lambda week, _: week < self._first)

    def by_agency(self, key: int | None) -> Accuracy | None:
        return self._sum(lambda week, agency: self._first <= week <= self._last and agency == key)

    def weekly(self) -> list[float]:
        weeks = sorted({week for week, _, _ in self._rows if self._first <= week <= self._last})
        found = (self._sum(lambda week, _, wanted=wanted: week == wanted) for wanted in weeks)
        return [one.kept for one in found if one and one.due >= FEWEST_DUE]

    def _sum(self, is_wanted: Any) -> Accuracy | None:
        wanted = [counts for week, agency, counts in self._rows if is_wanted(week, agency)]
        sums = [sum(column) for column in zip(*wanted, strict=True)] or [0] * len(PROMISE_COUNTS)
        return Accuracy.of(dict(zip(PROMISE_COUNTS, sums, strict=True)))


def _before(
    selection: Selection, answers: Mapping[str, Any], promises: _PromiseWeeks
) -> Totals | None:
    """The window before, counts brought to the part of the window that has passed."""
    if "filed_before" not in answers:
        return None
    filed, closed = answers["filed_before"][0], answers["closed_before"][0]
    return Totals(
        filed=round(filed.complaints * selection.elapsed_share),
        closed=round(closed.complaints * selection.elapsed_share),
        median_hours=closed.quantile_hours(0.5),
        p90_hours=closed.quantile_hours(0.9),
        promises=promises.before(),
    )


def _types(
    selection: Selection, found: tuple[Row, list[Row]], closed: list[Row]
) -> list[TypeFigures]:
    total, rows = found
    names = types_by_key(selection.city, {row.key[0] for row in rows})
    medians = {row.key[0]: row.quantile_hours(0.5) for row in closed}
    return [
        TypeFigures(
            names[row.key[0]],
            row.complaints,
            row.complaints / total.complaints,
            medians.get(row.key[0]),
        )
        for row in rows[:TOP_TYPES]
    ]


def types_by_key(city: City, keys: set[int]) -> dict[int, ComplaintType]:
    """The city's types; one younger than what is in memory is read first."""
    found = {kind.pk: kind for kind in known_city(city.slug).ever_filed.types}
    if keys <= found.keys():
        return found
    cities.renew()
    return {kind.pk: kind for kind in known_city(city.slug).ever_filed.types}


def _agencies(
    agencies: Mapping[int, tuple[str, str]],
    answers: Mapping[str, Any],
    hours: Mapping[int, Distribution],
    promises: _PromiseWeeks,
) -> list[AgencyFigures]:
    counts = {
        what: {row.key[0]: row.complaints for row in answers[what][1]}
        for what in ("filed_by_agency", "closed_by_agency", "open")
    }
    keys = {key for found in counts.values() for key in found}
    lines = [
        AgencyFigures(
            code=agencies.get(key, ("", ""))[0],
            name=agencies.get(key, ("", ""))[1],
            filed=counts["filed_by_agency"].get(key, 0),
            closed=counts["closed_by_agency"].get(key, 0),
            open=counts["open"].get(key, 0),
            hours=hours.get(key, Distribution({})),
            promises=promises.by_agency(key or None),
        )
        for key in keys
    ]
    return sorted(lines, key=lambda line: (-line.filed, -line.open, line.code))


def _buckets(selection: Selection, answers: Mapping[str, Any]) -> list[Bucket]:
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
