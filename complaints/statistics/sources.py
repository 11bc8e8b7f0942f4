"""Where the items of a statistic come from: a roll-up with what is not folded yet, or the rows.

An item is a group of complaints in one bin of the histogram, or in none, with the columns of
`itemised`, `censored` (how many of them are still open at that age) and, of rows, KEPT.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Coalesce, Greatest

from complaints.models.complaint import ComplaintQuerySet
from complaints.rollups.grains import (
    DELTAS,
    FILED,
    Grain,
    Queue,
    itemised,
    itemised_images,
    measured,
    measures,
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
KEPT = tuple(f"{name}_{what}" for name in _PROMISES for what in ("given", "kept", "broken"))


def items(question: Question, found: Plan | None) -> str:
    """SQL for all items of a question; it may read the query `chosen`."""
    parts = [*_folded_and_pending(question, found)] if found else [_of_rows(question)]
    if "survival" in question.figures:
        grain = found.grain if found and isinstance(found.grain, Grain) else ROWS
        parts.append(_waiting(question, grain))
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


def _folded_and_pending(question: Question, found: Plan) -> Iterator[str]:
    if isinstance(found.grain, Queue):
        yield from _queued(found.grain, found.where)
        return
    needs_bins = {"hours", "survival"} & set(question.figures)
    folded = (itemised if needs_bins else measures)(found.grain, found.where)
    pending = itemised_images(found.grain, f"({measured(DELTAS)}) AS appended")
    key = ", ".join(found.grain.key)
    yield _counted(key, found.counts_only, folded)
    yield f"{_counted(key, found.counts_only, pending)} WHERE {found.where}"


def _queued(queue: Queue, where: str) -> Iterator[str]:
    """The items of a queue: nothing but how many wait."""
    key = ", ".join(queue.key)
    nothing = "0 AS closed, 0 AS timed, 0::bigint AS seconds, 0 AS count, 0 AS censored"
    yield f"""
    SELECT {key}, NULL::smallint AS bin, waiting AS complaints, {nothing}
    FROM {queue.table} WHERE {where}"""
    yield f"""
    SELECT {key}, NULL::smallint AS bin, complaints - closed AS complaints, {nothing}
    FROM ({measured(DELTAS)}) AS appended WHERE basis = '{FILED}' AND {where}"""


def _counted(key: str, counts_only: str, rows: str) -> str:
    """The items of all complaints, or of only the closed or the waiting ones."""
    if counts_only == "waiting":
        columns = (
            "NULL::smallint AS bin, complaints - closed AS complaints, 0 AS closed, 0 AS timed, "
            "0::bigint AS seconds, 0 AS count"
        )
    elif counts_only == "closed":
        columns = "bin, closed AS complaints, closed, timed, seconds, count"
    else:
        columns = "bin, complaints, closed, timed, seconds, count"
    return f"SELECT {key}, {columns}, 0 AS censored FROM ({rows}) AS item"


def _of_rows(question: Question) -> str:
    names, promises = "", ""
    if "on_time" in question.figures:
        names = "".join(f", {name}" for name in KEPT)
        promises = "".join(f", {sql} AS {name}" for name, sql in _kept())
    images = f"(SELECT *, 1 AS sign{promises} FROM chosen)"
    key = ", ".join(("city_id", "basis", "day AS period", *ROWS.properties))
    return f"""
    SELECT {key}, bin, complaints, closed, timed, seconds,
        CASE WHEN bin IS NULL THEN 0 ELSE timed END AS count, 0 AS censored{names}
    FROM ({measured(images, names)}) AS read WHERE basis = %(basis)s"""


def _kept() -> Iterator[tuple[str, str]]:
    """What became of each promise: given at all, kept, broken; what is neither is undecided.

    An instant closing keeps nothing: it is no evidence.
    """
    took = "EXTRACT(EPOCH FROM COALESCE(closed_at, seen_at) - created_at)::float8"
    counts = "closed_at IS DISTINCT FROM created_at"
    for name, promised in _PROMISES.items():
        yield f"{name}_given", f"({counts} AND {promised} IS NOT NULL)::int"
        kept = f"closed_at > created_at AND {took} <= {promised}"
        yield f"{name}_kept", f"COALESCE({kept}, false)::int"
        yield f"{name}_broken", f"COALESCE({counts} AND {took} > {promised}, false)::int"


def _waiting(question: Question, grain: Grain) -> str:
    """Open complaints, each in the bin of how long it is known to have waited."""
    images = """(
        SELECT 1 AS sign, city_id, complaint_type_id, agency_id, district_id, cell, created_at,
            seen_at AS closed_at, channel
        FROM chosen WHERE closed_at IS NULL)"""
    key = ", ".join(("city_id", "basis", f"{grain.period} AS period", *grain.properties))
    none = ", 0" * (len(KEPT) if "on_time" in question.figures else 0)
    return f"""
    SELECT {key}, bin, 0, 0, 0, 0::bigint, 0, 1 AS censored{none}
    FROM ({measured(images)}) AS waiting WHERE basis = '{FILED}' AND bin IS NOT NULL"""


def _literal(rows: ComplaintQuerySet) -> str:
    """A QuerySet as SQL with its values in it, fit to stand in a statement with parameters."""
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        text: bytes = cursor.cursor.mogrify(sql, parameters)
    return text.decode().replace("%", "%%")
