"""Several statistics in one round trip: a page asks a dozen questions about the same complaints."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol, TypeVar

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext

from complaints.models import City
from complaints.rollups.histogram import between
from complaints.statistics.groups import expression_of
from complaints.statistics.packed import BINS, COUNTS, Histograms
from complaints.statistics.planning import plan
from complaints.statistics.queries import (
    PACKED,
    Row,
    TooMany,
    patience,
    rows_of,
    statement,
    width_of,
)
from complaints.statistics.question import Question
from complaints.statistics.sources import MOST_ROWS, histograms, named

Result_co = TypeVar("Result_co", covariant=True)

_DATES = {"day", "week", "month", "closed_day", "closed_week", "closed_month"}


class Asked(Protocol[Result_co]):
    """Something that one statement answers."""

    def sql(self, city: City, now: datetime) -> tuple[str, Any, int]:
        """The statement, its parameters, and how many columns it has."""

    def read(self, rows: list[list[Any]]) -> Result_co:
        """The answer from the rows, as JSON has them. May raise TooMany."""


@dataclass(frozen=True)
class Figures:
    """The total and the groups of a question."""

    question: Question

    def sql(self, city: City, now: datetime) -> tuple[str, dict[str, Any], int]:
        """As `queries.ask` asks it."""
        found = plan(self.question, city)
        parameters = found.parameters if found else {"basis": self.question.basis}
        return statement(self.question, found, now), parameters, width_of(self.question)

    def read(self, rows: list[list[Any]]) -> tuple[Row, list[Row]]:
        """The total and the groups."""
        return rows_of(self.question, [self._typed(row) for row in rows])

    def _typed(self, row: list[Any]) -> tuple[Any, ...]:
        """A row with dates instead of their text."""
        values = list(row)
        for position, name in enumerate(self.question.group_by, start=1):
            if name in _DATES and values[position] is not None:
                values[position] = date.fromisoformat(values[position])
        return tuple(values)


@dataclass(frozen=True)
class Distribution:
    """How many closed after a real time, by bin of the histogram of hours to close."""

    bins: dict[int, int]

    @property
    def count(self) -> int:
        """How many there are."""
        return sum(self.bins.values())

    def quantile_hours(self, level: float) -> float | None:
        """A quantile as `percentile_cont` would give it, but for the bins; None if empty."""
        rank = level * (self.count - 1)
        if rank < 0:
            return None
        # Three of six may come out as a little more than half.
        rank = round(rank, 9)
        lower, upper = self._at(int(rank)), self._at(-int(-rank // 1))
        return between(lower, upper, rank % 1)

    def _at(self, rank: int) -> int:
        """The bin of the time with so many before it."""
        passed = 0
        for number in sorted(self.bins):
            passed += self.bins[number]
            if passed > rank:
                return number
        raise ValueError(f"no rank {rank} among {passed}")

    def __add__(self, other: Distribution) -> Distribution:
        """Both together."""
        bins = {
            number: self.bins.get(number, 0) + other.bins.get(number, 0)
            for number in self.bins.keys() | other.bins.keys()
        }
        return Distribution(bins)


@dataclass(frozen=True)
class Distributions:
    """The whole histogram of hours to close, for each value of the question's only group."""

    question: Question

    def sql(self, city: City, now: datetime) -> tuple[str, dict[str, Any], int]:
        """One row a group, led by how many complaints were read."""
        (group,) = self.question.group_by
        found = plan(self.question, city)
        queries = named(self.question, found, now)
        parameters = found.parameters if found else {"basis": self.question.basis}
        sql = f"""
        WITH {"".join(f"{name} AS ({text}), " for name, text in queries.items())}
        items AS (
            SELECT {expression_of(group, self.question.cell_resolution)} AS group_0, source.*
            FROM ({histograms(self.question, found)}) AS source)
        SELECT {"(SELECT count(*) FROM chosen)" if "chosen" in queries else "0"}, group_0,
            {BINS}, {COUNTS}, NULL
        FROM items GROUP BY group_0"""
        return sql, parameters, 2 + PACKED

    def read(self, rows: list[list[Any]]) -> dict[Any, Distribution]:
        """The histograms by group."""
        if rows and rows[0][0] > MOST_ROWS:
            raise TooMany(
                gettext("This is about more than %(most)s complaints.") % {"most": f"{MOST_ROWS:,}"}
            )
        found = Histograms.read([row[2:] for row in rows])
        return {
            row[1]: Distribution(
                {int(place) + found.first: int(counts[place]) for place in counts.nonzero()[0]}
            )
            for row, counts in zip(rows, found.closed, strict=True)
            if counts.any()
        }


def ask_together(asked: Sequence[Asked[Any]], city: City, now: datetime) -> list[Any]:
    """The answers to several questions, in their order, in one statement. Raises TooMany."""
    with connection.cursor() as cursor, patience():
        parts = []
        for one in asked:
            sql, parameters, width = one.sql(city, now)
            text: bytes = cursor.cursor.mogrify(sql, parameters)
            names = ", ".join(f"c{number}" for number in range(width))
            parts.append(
                f"(SELECT COALESCE(json_agg(json_build_array({names})), '[]'::json) "
                f"FROM ({text.decode()}) AS part ({names}))"
            )
        cursor.execute(f"SELECT {', '.join(parts)}")
        row = cursor.fetchone()
    return [one.read(rows) for one, rows in zip(asked, row or (), strict=True)]


@dataclass(frozen=True)
class Listing:
    """Columns of a QuerySet as lists, in the types of JSON: times are text."""

    rows: QuerySet[Any, Any]

    def sql(self, city: City, now: datetime) -> tuple[str, Any, int]:
        """The QuerySet's own statement."""
        sql, parameters = self.rows.query.sql_with_params()
        query = self.rows.query
        width = len(query.values_select) + len(query.annotation_select)
        return sql, parameters, width

    def read(self, rows: list[list[Any]]) -> list[list[Any]]:
        """The rows as they are."""
        return rows
