"""Which roll-up can answer a question, if one can."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from complaints.models import City, Complaint
from complaints.places import stored_range
from complaints.rollups.grains import CLOSED, GRAINS, QUEUES, Grain, Queue
from complaints.statistics.groups import GROUPS
from complaints.statistics.question import Question

_NOT_IN_A_ROLLUP = ("updated_since", "bbox", "near", "q", "predicted_late")
_WAITING = {Complaint.Status.OPEN, Complaint.Status.IN_PROGRESS}


@dataclass(frozen=True)
class Plan:
    """Roll-ups that answer together, the rows that are meant, and what `complaints` means in them.

    `where` is SQL over the columns of a grain with `parameters` by name; `parts` are grains, each
    with the periods that are read of it. `grain` names the answer's source: of several the finest.
    """

    grain: Grain | Queue
    where: str
    parameters: dict[str, Any]
    properties: tuple[str, ...] = ()
    counts_only: str = ""
    parts: tuple[tuple[Grain, str], ...] = ()


def plan(question: Question, city: City) -> Plan | None:
    """The smallest roll-ups that answer exactly as the rows would; None if none do."""
    chosen = question.chosen
    if "on_time" in question.figures or any(getattr(chosen, name) for name in _NOT_IN_A_ROLLUP):
        return None
    if chosen.predicted_late is not None:
        return None
    statuses = _statuses(question)
    bounds = _bounds(question, city)
    if statuses is None or bounds is None:
        return None
    properties = tuple(dict.fromkeys(_properties(question)))
    if statuses == "waiting" and not _asks_when(question):
        for queue in QUEUES:
            if set(properties) <= set(queue.properties):
                return Plan(queue, *_where(question, city, bounds, has_times=False))
    is_daily = any(GROUPS[name].is_daily for name in question.group_by)
    months = None if is_daily else _smallest("month", properties)
    where, parameters = _where(question, city, bounds)
    found = _parts(months, _smallest("day", properties), bounds)
    if found is None:
        return None
    parts, dates = found
    return Plan(parts[-1][0], where, parameters | dates, properties, statuses, parts)


def _smallest(period: str, properties: tuple[str, ...]) -> Grain | None:
    """The smallest grain of a period that has the properties."""
    fits = (one for one in GRAINS if one.period == period and set(properties) <= {*one.properties})
    return next(fits, None)


def _parts(
    months: Grain | None, days: Grain | None, bounds: tuple[date | None, date | None]
) -> tuple[tuple[tuple[Grain, str], ...], dict[str, date]] | None:
    """Which periods of which grain, and the dates named in that: whole months, days around them."""
    first, end = bounds
    lower = _month_from(first) if first else None
    upper = end.replace(day=1) if end else None
    if months and (lower, upper) == bounds:
        return ((months, "true"),), {}
    if days is None:
        return None
    if months is None or (lower and upper and lower >= upper):
        return ((days, "true"),), {}
    edges = {"lower": lower if lower != first else None, "upper": upper if upper != end else None}
    inside = {"lower": "period >= %(lower)s", "upper": "period < %(upper)s"}
    outside = {"lower": "period < %(lower)s", "upper": "period >= %(upper)s"}
    dates = {name: day for name, day in edges.items() if day}
    return (
        (months, " AND ".join(inside[name] for name in dates)),
        *((days, outside[name]) for name in dates),
    ), dates


def _month_from(first: date) -> date:
    """The beginning of the first whole month from a day on."""
    return first if first.day == 1 else (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def _asks_when(question: Question) -> bool:
    """Whether it matters when the complaints were filed."""
    chosen = question.chosen
    is_grouped = any(GROUPS[name].basis for name in question.group_by)
    is_aged = "survival" in question.figures
    return bool(is_grouped or is_aged or chosen.created_after or chosen.created_before)


def _statuses(question: Question) -> str | None:
    """Which of the complaints count: all (empty), closed or waiting; None if rows must tell."""
    wanted = set(question.chosen.status or ())
    if not wanted or wanted == set(Complaint.Status.values):
        return ""
    if wanted == {Complaint.Status.CLOSED}:
        return "closed"
    if wanted == _WAITING and question.basis != CLOSED:
        return "waiting"
    return None


def _bounds(question: Question, city: City) -> tuple[date | None, date | None] | None:
    """First day and the day after the last, by the basis; None if the filter cuts through a day."""
    chosen = question.chosen
    by_filing = (chosen.created_after, chosen.created_before)
    by_closing = (chosen.closed_after, chosen.closed_before)
    own, other = (by_closing, by_filing) if question.basis == CLOSED else (by_filing, by_closing)
    if any(other) or not all(_is_midnight(moment, city) for moment in own if moment):
        return None
    first, end = (city.localise(moment).date() if moment else None for moment in own)
    return first, end


def _is_midnight(moment: datetime, city: City) -> bool:
    try:
        return city.localise(moment).time() == time.min
    except OverflowError:  # the first or last day of the calendar
        return False


def _properties(question: Question) -> Iterator[str]:
    """The columns that groups and conditions need."""
    chosen = question.chosen
    yield from (needs for name in question.group_by if (needs := GROUPS[name].needs))
    if chosen.complaint_type is not None:
        yield "complaint_type_id"
    if chosen.agency is not None:
        yield "agency_id"
    if chosen.district is not None:
        yield "district_id"
    if chosen.channel is not None:
        yield "channel"
    if chosen.cell is not None:
        yield "cell"


def _where(
    question: Question,
    city: City,
    bounds: tuple[date | None, date | None],
    has_times: bool = True,
) -> tuple[str, dict[str, Any]]:
    chosen = question.chosen
    conditions = {
        "city_id = %(city)s": ("city", city.pk),
        "basis = %(basis)s": ("basis", question.basis if has_times else None),
        "period >= %(first)s": ("first", bounds[0]),
        "period < %(end)s": ("end", bounds[1]),
        "complaint_type_id IN %(types)s": ("types", chosen.complaint_type),
        "agency_id IN %(agencies)s": ("agencies", chosen.agency),
        "district_id IN %(districts)s": ("districts", chosen.district),
        "channel IN %(channels)s": ("channels", chosen.channel),
    }
    used = {sql: pair for sql, pair in conditions.items() if pair[1] is not None}
    parameters: dict[str, Any] = dict(used.values())
    parts = list(used)
    if chosen.cell is not None:
        parts.append("cell BETWEEN %(least)s AND %(greatest)s")
        parameters["least"], parameters["greatest"] = stored_range(chosen.cell)
    return " AND ".join(parts), parameters
