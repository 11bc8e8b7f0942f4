"""The statement behind a statistic: one for each question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection
from django.utils.translation import gettext
from psycopg2.errors import QueryCanceled

from complaints.rollups.grains import MEASURES
from complaints.rollups.histogram import between, hours_of
from complaints.statistics.groups import GROUPS, expression_of
from complaints.statistics.packed import BINS, COUNTS, Bins, Histograms
from complaints.statistics.planning import Plan
from complaints.statistics.question import Question
from complaints.statistics.sources import KEPT, MOST_ROWS, counts, histograms, named

MOST_GROUPS = 5_000
LEVELS = (0.5, 0.9)
PACKED = 3
"""How many columns at a row's end hold its histograms."""


class TooMany(ValueError):
    """More rows or groups than one answer may take; says how to ask for less."""


@dataclass(frozen=True)
class Row:
    """What the database says of one group, or of all (then `key` is empty).

    `lower` and `upper` are, for each of LEVELS, the bins of the times beside that rank among those
    closed after a real time; `survived` the first bin by whose end so many of all are closed.
    """

    key: tuple[Any, ...]
    complaints: int
    closed: int
    timed: int
    seconds: int
    censored: int
    lower: tuple[int | None, ...]
    upper: tuple[int | None, ...]
    survived: tuple[int | None, ...]
    kept: dict[str, int]

    @property
    def mean_hours(self) -> float | None:
        """Mean hours to close of those closed after a real time; None without one."""
        return self.seconds / self.timed / 3600.0 if self.timed else None

    def quantile_hours(self, level: float) -> float | None:
        """A quantile, one of LEVELS, of the same; None without one."""
        lower, upper = (bins[LEVELS.index(level)] for bins in (self.lower, self.upper))
        if lower is None or upper is None:
            return None
        return between(lower, upper, (level * (self.timed - 1)) % 1)

    def survival_hours(self, level: float) -> float | None:
        """Hours by which such a share of all is closed, the open ones counted; None if never."""
        found = self.survived[LEVELS.index(level)]
        return None if found is None else hours_of(found)


def ask(question: Question, found: Plan | None, now: datetime) -> tuple[Row, list[Row]]:
    """The total and the groups of a question; from the planned roll-up, else from rows.

    Raises TooMany.
    """
    parameters = found.parameters if found else {"basis": question.basis}
    with connection.cursor() as cursor, patience():
        cursor.execute(statement(question, found, now), parameters)
        rows = cursor.fetchall()
    return rows_of(question, rows)


def rows_of(question: Question, rows: Sequence[Sequence[Any]]) -> tuple[Row, list[Row]]:
    """The total and the groups from what `statement` selects. Raises TooMany."""
    if rows and rows[0][0] > MOST_ROWS:
        raise TooMany(
            gettext(
                "This is about more than %(most)s complaints that no roll-up can tell of; "
                "narrow the filter, for instance to fewer days, or ask for less."
            )
            % {"most": f"{MOST_ROWS:,}"}
        )
    if len(rows) > MOST_GROUPS:
        raise TooMany(
            gettext("The answer has more than %(most)s groups; group by less or narrow the filter.")
            % {"most": f"{MOST_GROUPS:,}"}
        )
    width = len(question.group_by)
    keys = [tuple(row[1 : 1 + width]) for row in rows]
    counts = [row[1 + width : -PACKED] for row in rows]
    totals = [sum(column) for column in zip(*counts, strict=True)] or [0] * len(_sums(question))
    read = Histograms.read([row[-PACKED:] for row in rows])
    (total,) = _rows(question, [()], [totals], read.total())
    return total, _rows(question, keys, counts, read) if width else []


def _rows(
    question: Question,
    keys: list[tuple[Any, ...]],
    counts: Sequence[Sequence[int]],
    read: Histograms,
) -> list[Row]:
    nothing: list[Bins] = [[None] * len(keys)] * len(LEVELS)
    lower, upper, survived = nothing, nothing, nothing
    if "hours" in question.figures:
        beside = [read.quantiles(level) for level in LEVELS]
        lower, upper = [pair[0] for pair in beside], [pair[1] for pair in beside]
    if "survival" in question.figures:
        survived = [read.survived(level) for level in LEVELS]
    censored = read.waiting.sum(axis=1)
    return [
        Row(
            key=key,
            complaints=counts[place][0],
            closed=counts[place][1],
            timed=counts[place][2],
            seconds=counts[place][3],
            censored=int(censored[place]),
            lower=tuple(bins[place] for bins in lower),
            upper=tuple(bins[place] for bins in upper),
            survived=tuple(bins[place] for bins in survived),
            kept=dict(zip(KEPT, counts[place][4:], strict=False)),
        )
        for place, key in enumerate(keys)
    ]


@contextmanager
def patience() -> Iterator[None]:
    """A statement that the limit of requests cancels was too much to ask, no outage."""
    try:
        yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TooMany(
                gettext(
                    "This took longer than a request may; narrow the filter, for instance to "
                    "fewer days, or ask for less."
                )
            ) from error
        raise


def width_of(question: Question) -> int:
    """How many columns `statement` selects."""
    return 1 + len(question.group_by) + len(_sums(question)) + PACKED


def statement(question: Question, found: Plan | None, now: datetime) -> str:
    """The SQL: a row a group, led by how many complaints were read, ended by its histograms.

    Without groups it is one row or, of nothing, none. Summing bins and finding quantiles is left
    to `packed`: the database would sort a row for each bin of each group.
    """
    names = [f"group_{number}" for number in range(len(question.group_by))]
    queries = named(question, found, now)
    steps = [f"{name} AS ({sql})" for name, sql in queries.items()]
    sums = ", ".join(f"sum({name})::bigint AS {name}" for name in _sums(question))
    steps.append(f"counted AS ({_grouped(question, counts(question, found), names, sums)})")
    columns, joined = "NULL, NULL, NULL", ""
    if rows := histograms(question, found):
        waits = "string_agg('\\x00000002'::bytea || int2send(waited), '')"
        packed = f"{BINS} AS bins, {COUNTS} AS counts, {waits} AS waits"
        steps.append(f"binned AS ({_grouped(question, rows, names, packed)})")
        columns = "bins, counts, waits"
        joined = "LEFT JOIN binned " + (f"USING ({', '.join(names)})" if names else "ON true")
    return f"""
    WITH {", ".join(steps)}
    SELECT {"(SELECT count(*) FROM chosen)" if "chosen" in queries else "0"},
        {", ".join((*names, *_sums(question)))}, {columns}
    FROM counted {joined}
    {"WHERE complaints <> 0" if names else ""}
    ORDER BY {_order(question, names)}
    LIMIT {MOST_GROUPS + 1}"""


def _grouped(question: Question, rows: str, names: list[str], columns: str) -> str:
    """SQL for aggregates of each group; of nothing no row."""
    groups = [
        f"{expression_of(group, question.cell_resolution)} AS {name}"
        for group, name in zip(question.group_by, names, strict=True)
    ]
    grouping = f"GROUP BY {', '.join(names)}" if names else "HAVING count(*) > 0"
    return f"SELECT {', '.join((*groups, columns))} FROM ({rows}) AS source {grouping}"


def _sums(question: Question) -> tuple[str, ...]:
    """The columns that count."""
    return (*MEASURES, *KEPT) if "on_time" in question.figures else MEASURES


def _order(question: Question, names: list[str]) -> str:
    """Times in their order, everything else by how many there are."""
    times = [
        name for group, name in zip(question.group_by, names, strict=True) if GROUPS[group].basis
    ]
    return ", ".join([*times, "complaints DESC", *names])
