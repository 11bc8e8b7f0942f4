"""The newest complaints whose fate is known: what a model is tested on before it may serve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl

FEWEST_DAYS = 4
MOST_DAYS = 90
ENOUGH_ROWS = 300
"""A small city needs more days than a large one for errors that can be compared."""
RESTRICT_HOURS = 72
"""Errors are those of min(hours to close, 72 h): every tested complaint is seen that long."""


@dataclass(frozen=True)
class Holdout:
    """Complaints filed in [`start`, `until`), each known for `RESTRICT_HOURS`."""

    start: datetime
    until: datetime

    @classmethod
    def after(cls, as_of: datetime) -> Holdout:
        """What a model trained as of then has to foresee."""
        return cls(as_of, as_of + timedelta(days=FEWEST_DAYS))

    @classmethod
    def newest(cls, frame: pl.DataFrame, known_until: datetime) -> Holdout:
        """The newest one: at least `FEWEST_DAYS`, and `ENOUGH_ROWS` if `MOST_DAYS` hold them."""
        until = known_until - timedelta(hours=RESTRICT_HOURS)
        filed = frame.filter(pl.col("created_at") < pl.lit(until.astimezone(UTC)))["created_at"]
        days = float(FEWEST_DAYS)
        if len(filed):
            first: datetime = filed.sort().tail(ENOUGH_ROWS)[0]
            days = max(days, (until - first) / timedelta(days=1))
        return cls(until - timedelta(days=min(days, MOST_DAYS)), until)

    def is_known(self, known_until: datetime) -> bool:
        """Whether the data goes on long enough to tell what became of all of it."""
        return known_until >= self.until + timedelta(hours=RESTRICT_HOURS)
