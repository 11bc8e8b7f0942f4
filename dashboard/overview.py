"""The numbers of the first page: all of them in one statement."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, QuerySet
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
from dashboard.promise_weeks import PromiseWeeks, promise_weeks
from dashboard.selection import BEGINNING, Selection, midnight
from dashboard.time_axis import Bucket, by_hour, read_buckets, wide
from predictions.promises import Accuracy

TOP_TYPES = 12
IS_LATE = GreaterThan(SECONDS_SO_FAR, F("promised_p90_hours") * 3600.0)
"""Closed later than the promised range, or open past it."""


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
    buckets = read_buckets(selection, answers)
    promises = PromiseWeeks(answers["promises"], selection)
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
    longer = wide(selection)
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
        "promises": Listing(promise_weeks(selection)),
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
        asked["filed_by_hour"] = Listing(by_hour(longer.filed, "created_at", selection.city))
        asked["closed_by_hour"] = Listing(by_hour(longer.closed, "closed_at", selection.city))
    else:
        asked["days"] = Figures(Question(longer.filed, ("day",), ("counts",)))
        asked["closed_days"] = Figures(
            Question(by_closing(longer), ("closed_day",), ("counts", "hours"))
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


def _before(
    selection: Selection, answers: Mapping[str, Any], promises: PromiseWeeks
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
    promises: PromiseWeeks,
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
