"""Answers as they are sent: names instead of keys, hours instead of bins."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import h3.api.basic_int as h3

from complaints.cities import cities, districts_by_key, known_city
from complaints.models import Agency, City
from complaints.rollups.grains import CLOSED
from complaints.rollups.histogram import LARGEST_ERROR
from complaints.statistics.planning import plan
from complaints.statistics.queries import Row, ask
from complaints.statistics.question import Question

DECIMALS = 4
PROMISES = ("median", "p90", "due")


@dataclass(frozen=True)
class Statistics:
    """The answer to a question; `total` and `groups` are as the schema shows them."""

    source: str
    rollup: str | None
    total: dict[str, Any]
    groups: list[dict[str, Any]]
    withheld: int


def answer(question: Question, city: City, now: datetime) -> Statistics:
    """Ask the database, and name what it says. Raises TooMany."""
    found = plan(question, city)
    total, rows = ask(question, found, now)
    names = [_namer(name, city, position, rows) for position, name in enumerate(question.group_by)]
    groups = [
        {
            **{
                name: show(value)
                for name, show, value in zip(question.group_by, names, row.key, strict=True)
            },
            **figures(question, row),
        }
        for row in rows
    ]
    return Statistics(
        source="rollups" if found else "rows",
        rollup=found.grain.name if found else None,
        total=figures(question, total),
        groups=groups,
        withheld=sum(row.timed < question.minimum for row in rows),
    )


def body(question: Question, city: City, found: Statistics) -> dict[str, Any]:
    """The whole answer, as the schema documents it."""
    return {
        "source": found.source,
        "rollup": found.rollup,
        "group_by": list(question.group_by),
        "counted_by": "closing" if question.basis == CLOSED else "filing",
        "time_zone": city.time_zone,
        "largest_error": round(LARGEST_ERROR, DECIMALS),
        "minimum": question.minimum,
        "excluded": {
            "instant_closings": found.total["instant_closings"],
            "groups_without_hours": found.withheld,
        },
        "total": found.total,
        "groups": found.groups,
    }


def figures(question: Question, row: Row) -> dict[str, Any]:
    """The figures of one group."""
    told: dict[str, Any] = {
        "complaints": row.complaints,
        "open": row.complaints - row.closed,
        "closed": row.closed,
        "instant_closings": row.closed - row.timed,
    }
    if "hours" in question.figures:
        told["hours_to_close"] = _hours(question, row)
    if "survival" in question.figures:
        told["survival"] = _survival(question, row)
    if "on_time" in question.figures:
        told["on_time"] = {name: _on_time(question, row, name) for name in PROMISES}
    return told


def _hours(question: Question, row: Row) -> dict[str, float | None] | None:
    if row.timed < question.minimum:
        return None
    return {
        "mean": _rounded(row.mean_hours),
        "median": _rounded(row.quantile_hours(0.5)),
        "p90": _rounded(row.quantile_hours(0.9)),
    }


def _survival(question: Question, row: Row) -> dict[str, float | None] | None:
    if row.timed + row.censored < question.minimum:
        return None
    return {
        "median": _rounded(row.survival_hours(0.5)),
        "p90": _rounded(row.survival_hours(0.9)),
        "still_open": row.censored,
    }


def _on_time(question: Question, row: Row, promise: str) -> dict[str, Any]:
    given, kept, broken = (row.kept[f"{promise}_{what}"] for what in ("given", "kept", "broken"))
    decided = kept + broken
    return {
        "kept": kept,
        "broken": broken,
        "undecided": given - decided,
        "share": round(kept / decided, DECIMALS) if decided >= question.minimum else None,
    }


def _rounded(hours: float | None) -> float | None:
    return None if hours is None else round(hours, DECIMALS)


def _namer(name: str, city: City, position: int, rows: list[Row]) -> Callable[[Any], Any]:
    """How the values of a group are shown; 0 stands for none."""
    if name == "complaint_type":
        return _by_code(_type_codes(city, {row.key[position] for row in rows}))
    if name == "agency":
        return _by_code(dict(Agency.objects.filter(city=city).values_list("pk", "code")))
    if name == "district":
        keys = {row.key[position] for row in rows} - {0}
        return _by_code({key: one.code for key, one in districts_by_key(city, keys).items()})
    if name == "cell":
        return lambda cell: h3.int_to_str(cell) if cell else None
    return _plain


def _type_codes(city: City, keys: set[int]) -> dict[int, str]:
    """Codes by key; a type younger than what is in memory is read first."""
    codes = {kind.pk: kind.code for kind in known_city(city.slug).ever_filed.types}
    if keys <= codes.keys():
        return codes
    cities.renew()
    return {kind.pk: kind.code for kind in known_city(city.slug).ever_filed.types}


def _by_code(codes: Mapping[int, str]) -> Callable[[Any], Any]:
    return lambda key: codes.get(key)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
