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
from complaints.statistics.planning import Plan
from complaints.statistics.question import Question
from complaints.statistics.sources import KEPT, MOST_ROWS, bins, counts, named

MOST_GROUPS = 5_000
LEVELS = (0.5, 0.9)
ROUNDING = 1e-9
"""Three of six may come out as a little more than half."""

_SUMS = ("complaints", "closed", "timed", "seconds", "censored")


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


def rows_of(question: Question, rows: Sequence[tuple[Any, ...]]) -> tuple[Row, list[Row]]:
    """The total and the groups from what `statement` selects. Raises TooMany."""
    if rows and rows[0][0] > MOST_ROWS:
        raise TooMany(
            gettext(
                "This is about more than %(most)s complaints that no roll-up can tell of; "
                "narrow the filter, for instance to fewer days, or ask for less."
            )
            % {"most": f"{MOST_ROWS:,}"}
        )
    if len(rows) > MOST_GROUPS + 1:
        raise TooMany(
            gettext("The answer has more than %(most)s groups; group by less or narrow the filter.")
            % {"most": f"{MOST_GROUPS:,}"}
        )
    read = [_row(row, len(question.group_by)) for row in rows]
    return (read[0], read[1:]) if read else (_row((0, 1, *_nothing(question)), 0), [])


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
    return 2 + len(question.group_by) + len(_nothing(question))


def statement(question: Question, found: Plan | None, now: datetime) -> str:
    """The SQL: the total, then a row a group, each led by how many complaints were read.

    What is summed is small: first the counts and bins of each group, then all of it at once.
    """
    names = [f"group_{number}" for number in range(len(question.group_by))]
    groups = "".join(f"{name}, " for name in names)
    queries = named(question, found, now)
    one_group = f"PARTITION BY {groups}is_total"
    return f"""
    WITH {"".join(f"{name} AS ({sql}), " for name, sql in queries.items())}
    {_grouped(question, found, names)},
    ranked AS (
        SELECT *, {_ranks(question)}
        FROM items
        WINDOW whole AS ({one_group}), up AS ({one_group} ORDER BY bin NULLS FIRST),
            down AS ({one_group} ORDER BY bin DESC NULLS LAST)
    ),
    survived AS (
        SELECT *, {_surviving(question)}
        FROM ranked WINDOW up AS ({one_group} ORDER BY bin NULLS FIRST)
    )
    SELECT {"(SELECT count(*) FROM chosen)" if "chosen" in queries else "0"}, is_total, {groups}
        {_results(question)}
    FROM survived
    GROUP BY {groups}is_total
    HAVING is_total = 1 OR sum(complaints) <> 0
    ORDER BY {_order(question, names)}
    LIMIT {MOST_GROUPS + 2}"""


def _grouped(question: Question, found: Plan | None, names: list[str]) -> str:
    """SQL for `items`: of each group and of all, its bins, and its counts in a row without one."""
    kept = KEPT if "on_time" in question.figures else ()
    columns = ("count", "censored", *MEASURES, *kept)
    sources = {"counted": (counts(question, found), "", (*MEASURES, *kept))}
    if histograms := bins(question, found):
        of_bins = ("count", "censored") if "survival" in question.figures else ("count",)
        sources["binned"] = (histograms, "bin", of_bins)
    steps, parts = [], []
    for name, (rows, by_bin, sums) in sources.items():
        steps.append(f"{name} AS ({_summed(question, rows, [*names, *by_bin.split()], sums)})")
        bin_of = by_bin or "NULL::smallint"
        if names:
            shown = _columns(columns, sums, "{0}")
            parts.append(f"SELECT {', '.join(names)}, 0, {bin_of}, {shown} FROM {name}")
        blank = "NULL, " * len(names)
        parts.append(
            f"SELECT {blank}1, {bin_of}, {_columns(columns, sums, 'sum({0})')} FROM {name} "
            f"{'GROUP BY bin' if by_bin else 'HAVING count(*) > 0'}"
        )
    header = ", ".join((*names, "is_total", "bin", *columns))
    return f"{', '.join(steps)}, items ({header}) AS ({' UNION ALL '.join(parts)})"


def _summed(question: Question, rows: str, by: list[str], sums: tuple[str, ...]) -> str:
    groups = zip(question.group_by, by, strict=False)
    expressions = [
        *(f"{expression_of(group, question.cell_resolution)} AS {name}" for group, name in groups),
        *by[len(question.group_by) :],
        *(f"sum({name})::float8 AS {name}" for name in sums),
    ]
    grouping = f"GROUP BY {', '.join(by)}" if by else "HAVING count(*) > 0"
    return f"SELECT {', '.join(expressions)} FROM ({rows}) AS source {grouping}"


def _columns(columns: tuple[str, ...], sums: tuple[str, ...], form: str) -> str:
    return ", ".join(form.format(name) if name in sums else "0" for name in columns)


def _ranks(question: Question) -> str:
    """How many times there are, how many up to each bin, and how many complaints reach it."""
    up_to, whole, at_risk = "0", "0", "0"
    if "hours" in question.figures:
        up_to, whole = "sum(count) OVER up", "sum(count) OVER whole"
    if "survival" in question.figures:
        at_risk = "sum(count + censored) OVER down"
    return f"{up_to} AS up_to, {whole} AS whole, {at_risk} AS at_risk"


def _surviving(question: Question) -> str:
    """Kaplan and Meier's product; whoever is censored in a bin is there, on average, for half."""
    if "survival" not in question.figures:
        return "1 AS surviving"
    closed = "COALESCE(count / NULLIF(at_risk - censored / 2, 0), 0)"
    return f"exp(sum(ln(greatest(1 - {closed}, 1e-12))) OVER up) AS surviving"


def _results(question: Question) -> str:
    ranks = [f"{level} * (whole - 1)" for level in LEVELS]
    columns = [
        *(f"sum({name})::bigint" for name in _SUMS),
        *(f"min(bin) FILTER (WHERE up_to > floor({rank}))" for rank in ranks),
        *(f"min(bin) FILTER (WHERE up_to > ceil({rank}))" for rank in ranks),
        *(f"min(bin) FILTER (WHERE surviving <= {1 - level:.2f} + {ROUNDING})" for level in LEVELS),
        *(f"sum({name})::bigint" for name in KEPT if "on_time" in question.figures),
    ]
    return ", ".join(columns)


def _order(question: Question, names: list[str]) -> str:
    """The total first; times in their order, everything else by how many there are."""
    times = [
        name for group, name in zip(question.group_by, names, strict=True) if GROUPS[group].basis
    ]
    return ", ".join(["is_total DESC", *times, "sum(complaints) DESC", *names])


def _nothing(question: Question) -> tuple[int | None, ...]:
    """The columns of a total over nothing."""
    kept = (0,) * (len(KEPT) if "on_time" in question.figures else 0)
    return (0,) * len(_SUMS) + (None,) * 3 * len(LEVELS) + kept


def _row(values: tuple[Any, ...], width: int) -> Row:
    _, is_total, *rest = values
    sums, bins = rest[width : width + 5], rest[width + 5 : width + 11]
    return Row(
        key=() if is_total else tuple(rest[:width]),
        complaints=sums[0],
        closed=sums[1],
        timed=sums[2],
        seconds=sums[3],
        censored=sums[4],
        lower=tuple(bins[0:2]),
        upper=tuple(bins[2:4]),
        survived=tuple(bins[4:6]),
        kept=dict(zip(KEPT, rest[width + 11 :], strict=False)),
    )
