"""Where a statistic comes from: a roll-up with what is not folded yet, or the rows.

Two queries tell it, both with a grain's key: counts have MEASURES (and, of rows, KEPT), histograms
have the arrays `bins` and `counts`, how many closed ones took so long, and `waited`, the bin that
an open one has waited for. Both may read the named queries of `named`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Greatest

from complaints.models.complaint import ComplaintQuerySet
from complaints.rollups.grains import (
    DELTAS,
    FILED,
    MEASURES,
    Grain,
    Queue,
    measured,
)
from complaints.statistics.planning import Plan
from complaints.statistics.question import Question

MOST_ROWS = 200_000
"""Most complaints that are read for one answer; more takes seconds."""

ROWS = Grain(
    "rows",
    "day",
    ("complaint_type_id", "agency_id", "district_id", "channel", "hour_of_week", "cell"),
)
"""Complaints themselves, as if they were a roll-up."""

_PROMISES = {
    "median": "promised_median_hours * 3600",
    "p90": "promised_p90_hours * 3600",
    "due": "COALESCE(EXTRACT(EPOCH FROM due_at - created_at)::float8, type_hours * 3600)",
}
"""Seconds from filing to what was promised: by the forecast, and by the city itself."""
_MEASURES = ", ".join(MEASURES)
_OF_STATUS = {
    "closed": "closed AS complaints, closed, timed, seconds",
    "waiting": "complaints - closed AS complaints, 0 AS closed, 0 AS timed, 0::bigint AS seconds",
}
"""The counts of only the closed or the waiting ones."""
_ONE = "ARRAY[bin] AS bins, ARRAY[timed] AS counts"
_NOBODY = "NULL::smallint AS waited"
KEPT = tuple(f"{name}_{what}" for name in _PROMISES for what in ("given", "kept", "broken"))


def named(question: Question, found: Plan | None, now: datetime) -> dict[str, str]:
    """SQL for what counts and bins may both read, by name."""
    queries = {"chosen": chosen(question, found, now)}
    if found:
        queries["appended"] = measured(DELTAS)
    else:
        promises = "".join(f", {sql} AS {name}" for name, sql in _kept(question))
        names = "".join(f", {name}" for name, _ in _kept(question))
        images = f"(SELECT *, 1 AS sign{promises} FROM chosen)"
        # Local times and bins are what costs: only those of the time that counts.
        queries["read"] = f"{measured(images, names)} AND b.basis = %(basis)s"
    return {name: sql for name, sql in queries.items() if sql}


def counts(question: Question, found: Plan | None) -> str:
    """SQL for how many there are, and how long the closed ones took together."""
    if found is None:
        kept = "".join(f", {name}" for name, _ in _kept(question))
        return (
            f"SELECT {_key(ROWS.properties)}, {_MEASURES}{kept} FROM read WHERE basis = %(basis)s"
        )
    if isinstance(found.grain, Queue):
        return " UNION ALL ".join(_queued(found.grain, found.where))
    measures = _OF_STATUS.get(found.counts_only, _MEASURES)
    key = ", ".join(("city_id", "basis", "period", *found.properties))
    parts = [
        f"SELECT {key}, {measures} FROM {grain.table} WHERE {found.where} AND {periods}"
        for grain, periods in found.parts
    ]
    pending = f"SELECT {_key(found.properties)}, {_MEASURES} FROM appended"
    parts.append(f"SELECT {key}, {measures} FROM ({pending}) AS waiting WHERE {found.where}")
    return " UNION ALL ".join(parts)


def histograms(question: Question, found: Plan | None) -> str:
    """SQL for the histograms, empty if the question needs none."""
    if not {"hours", "survival"} & set(question.figures):
        return ""
    parts = [*_folded_and_pending(found)] if found else [_of_rows()]
    if "survival" in question.figures:
        parts.append(_waiting(found.properties if found else ROWS.properties))
    return " UNION ALL ".join(parts)


def chosen(question: Question, found: Plan | None, now: datetime) -> str:
    """SQL for the complaints that have to be read, at most one above MOST_ROWS; else empty.

    A roll-up does not know how long each open complaint is known to have waited: at `now`, or when
    its source was last read.
    """
    rows = question.chosen.rows()
    if found:
        if "survival" not in question.figures:
            return ""
        rows = rows.open()
    seen_at = Greatest(Coalesce("observed_at", Value(now)), "created_at")
    columns = rows.order_by().annotate(
        seen_at=seen_at, type_hours=F("complaint_type__promised_hours")
    )
    return _literal(
        columns.values(
            *("city_id", "complaint_type_id", "agency_id", "district_id", "cell", "channel"),
            *("created_at", "closed_at", "due_at", "promised_median_hours", "promised_p90_hours"),
            *("seen_at", "type_hours"),
        )[: MOST_ROWS + 1]
    )


def _key(properties: Sequence[str]) -> str:
    """The columns that groups and conditions need, by day, out of what `measured` gives."""
    return ", ".join(("city_id", "basis", "day AS period", *properties))


def _folded_and_pending(found: Plan) -> Iterator[str]:
    if isinstance(found.grain, Queue) or found.counts_only == "waiting":
        return
    key = ", ".join(("city_id", "basis", "period", *found.properties))
    for grain, periods in found.parts:
        yield f"""
        SELECT {key}, bins, counts, {_NOBODY}
        FROM {grain.table} WHERE {found.where} AND {periods}"""
    pending = f"SELECT {_key(found.properties)}, bin, timed FROM appended WHERE bin IS NOT NULL"
    yield f"SELECT {key}, {_ONE}, {_NOBODY} FROM ({pending}) AS waiting WHERE {found.where}"


def _queued(queue: Queue, where: str) -> Iterator[str]:
    """The counts of a queue: nothing but how many wait."""
    key = ", ".join(queue.key)
    nothing = "0 AS closed, 0 AS timed, 0::bigint AS seconds"
    yield f"SELECT {key}, waiting AS complaints, {nothing} FROM {queue.table} WHERE {where}"
    yield f"""
    SELECT {key}, complaints - closed, {nothing}
    FROM appended WHERE basis = '{FILED}' AND {where}"""


def _of_rows() -> str:
    return f"""
    SELECT {_key(ROWS.properties)}, {_ONE}, {_NOBODY}
    FROM read WHERE basis = %(basis)s AND bin IS NOT NULL"""


def _kept(question: Question) -> Iterator[tuple[str, str]]:
    """What became of each promise: given at all, kept, broken; what is neither is undecided.

    An instant closing keeps nothing: it is no evidence.
    """
    if "on_time" not in question.figures:
        return
    took = "EXTRACT(EPOCH FROM COALESCE(closed_at, seen_at) - created_at)::float8"
    counts = "closed_at IS DISTINCT FROM created_at"
    for name, promised in _PROMISES.items():
        yield f"{name}_given", f"({counts} AND {promised} IS NOT NULL)::int"
        kept = f"closed_at > created_at AND {took} <= {promised}"
        yield f"{name}_kept", f"COALESCE({kept}, false)::int"
        yield f"{name}_broken", f"COALESCE({counts} AND {took} > {promised}, false)::int"


def _waiting(properties: Sequence[str]) -> str:
    """Open complaints, each in the bin of how long it is known to have waited."""
    images = """(
        SELECT 1 AS sign, city_id, complaint_type_id, agency_id, district_id, cell, created_at,
            seen_at AS closed_at, channel
        FROM chosen WHERE closed_at IS NULL)"""
    return f"""
    SELECT {_key(properties)},
        '{{}}'::smallint[] AS bins, '{{}}'::integer[] AS counts, bin AS waited
    FROM ({measured(images)}) AS waiting WHERE basis = '{FILED}' AND bin IS NOT NULL"""


def _literal(rows: ComplaintQuerySet) -> str:
    """A QuerySet as SQL with its values in it, fit to stand in a statement with parameters."""
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        text: bytes = cursor.cursor.mogrify(sql, parameters)
    return text.decode().replace("%", "%%")
