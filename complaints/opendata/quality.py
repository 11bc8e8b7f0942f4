"""What is odd in a file: rows counted by agency, with a few ids as examples."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import polars as pl

from complaints.models import Complaint
from complaints.opendata.checks import CHECKS, MOST_EXAMPLES

NO_AGENCY = ""
_EARLIEST = datetime(1950, 1, 1, tzinfo=UTC)


@dataclass
class Quality:
    """Counts of a whole import: check → agency → rows, and ids."""

    counts: dict[str, dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def add(self, check: str, agency: str | None, rows: int, examples: Iterable[str]) -> None:
        """Count some rows of one agency."""
        if not rows:
            return
        self.counts[check][agency or NO_AGENCY] += rows
        room = MOST_EXAMPLES - len(self.examples[check])
        self.examples[check] += list(examples)[:room]

    def merge(self, other: Quality) -> None:
        """Add another part of the same import."""
        for check, agencies in other.counts.items():
            for agency, rows in agencies.items():
                self.add(check, agency, rows, ())
            self.add(check, None, 0, ())
            room = MOST_EXAMPLES - len(self.examples[check])
            self.examples[check] += other.examples.get(check, [])[:room]

    def report(self) -> dict[str, dict[str, object]]:
        """For storing: every check in order, also those that found nothing."""
        return {
            check: {
                "rows": sum(self.counts[check].values()),
                "by_agency": dict(sorted(self.counts[check].items(), key=lambda one: -one[1])),
                "examples": self.examples[check],
            }
            for check in CHECKS
        }


def measured(rows: pl.DataFrame, time_zone: str, observed_at: datetime) -> Quality:
    """The checks that look at one row, over the judged rows of a batch (good and rejected)."""
    found = rows.select(
        pl.coalesce("agency", "agency_name").alias("agency"),
        "external_id",
        **{
            check: condition.fill_null(value=False)
            for check, condition in _conditions(time_zone, observed_at).items()
        },
    )
    checks = found.columns[2:]
    quality = Quality()
    sums = found.group_by("agency").agg(pl.col(checks).sum())
    for agency, *counts in sums.iter_rows():
        for check, count in zip(checks, counts, strict=True):
            quality.add(check, agency, count, ())
    for check in list(quality.counts):
        ids = found.lazy().filter(pl.col(check)).head(MOST_EXAMPLES).collect()["external_id"]
        quality.examples[check] = [one for one in ids if one]
    return quality


def _conditions(time_zone: str, observed_at: datetime) -> dict[str, pl.Expr]:
    created, closing = pl.col("created_at"), pl.col("closing")
    observed = pl.lit(observed_at.astimezone(UTC)).cast(pl.Datetime("us", "UTC"))
    earliest = pl.lit(_EARLIEST).cast(pl.Datetime("us", "UTC"))
    says_closed = pl.col("says") == Complaint.Status.CLOSED
    midnight = closing.dt.convert_time_zone(time_zone).dt.time() == pl.time(0, 0, 0)
    at_nought = (pl.col("north") == 0) & (pl.col("east") == 0)
    return {
        "closed_before_creation": says_closed & (closing < created),
        "closed_at_creation": says_closed & (closing == created),
        "closed_before_1950": closing < earliest,
        "closed_in_future": closing > observed,
        "created_in_future": created > observed,
        "closed_at_midnight": says_closed & midnight,
        "closed_without_date": says_closed & pl.col("closed").is_null(),
        "dated_but_open": ~says_closed & closing.is_not_null(),
        "no_place": pl.col("north").is_null() | pl.col("east").is_null() | at_nought,
        "outside_the_city": pl.col("is_outside") & ~at_nought,
        "marked_duplicate": pl.col("is_duplicate"),
    }
