"""What was known about each complaint at one moment: the labels of training and evaluation."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

INSTANT = pl.Datetime("us", "UTC")
# The contract: what a frame of complaints must hold. `area` is the wider area of the district, or
# the district itself. Codes and words may be null, and so may coordinates, `closed_at` (open) and
# `observed_at` (told of every change at once).
SCHEMA: dict[str, type[pl.DataType] | pl.DataType] = {
    "complaint_type": pl.String,
    "agency": pl.String,
    "descriptor": pl.String,
    "channel": pl.String,
    "district": pl.String,
    "area": pl.String,
    "location_type": pl.String,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "created_at": INSTANT,
    "closed_at": INSTANT,
    "observed_at": INSTANT,
}
COLUMNS = tuple(SCHEMA)
MICROSECONDS_PER_HOUR = 3_600_000_000


class TooFewComplaints(ValueError):
    """Too little is known to learn from, or to test on; says what there is."""


def usable(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that say something about speed: without closings at or before the filing.

    Such rows (2.5 % of New York's) were closed, nobody knows when: neither fast nor open.
    Only the columns of the contract. Raises ValueError if one is missing.
    """
    missing = [name for name in COLUMNS if name not in frame.columns]
    if missing:
        raise ValueError(f"complaints lack the columns {', '.join(missing)}")
    closed_at = pl.col("closed_at")
    kept = frame.select(COLUMNS).filter(closed_at.is_null() | (closed_at > pl.col("created_at")))
    # A column of nulls only has no type of its own.
    return kept.cast(SCHEMA)  # type: ignore[arg-type]


def labels_as_of(frame: pl.DataFrame, as_of: datetime, time_zone: str) -> pl.DataFrame:
    """The complaints filed before `as_of`, labelled with what was known then.

    Adds `hours` (float, from filing to closing or to the last look) and `closed` (bool). A
    closing at exactly local midnight is a date without a time: known at the end of that day.
    A row not known to be closed is censored at the earlier of `as_of` and its `observed_at`.
    """
    moment = pl.lit(as_of.astimezone(UTC)).cast(INSTANT)
    seen_until = pl.min_horizontal(moment, pl.col("observed_at").fill_null(moment))
    closed = closing_seen_at(time_zone).fill_null(moment + pl.duration(days=1)) <= moment
    end = pl.when(closed).then(pl.col("closed_at")).otherwise(seen_until)
    return (
        usable(frame)
        .filter(pl.col("created_at") < moment)
        .with_columns(closed=closed, hours=_hours(end - pl.col("created_at")))
        .with_columns(pl.col("hours").clip(lower_bound=0))
    )


def outcomes(
    frame: pl.DataFrame, start: datetime, until: datetime, restrict_hours: float
) -> pl.DataFrame:
    """Complaints filed in [start, until) whose first `restrict_hours` are fully known.

    Adds `hours` (infinite while open) and `closed`. A row counts if the data reach past its
    follow-up and it is closed or was still looked at then; counting closed rows beyond the
    data's end would keep the fast ones only.
    """
    follow_up = pl.col("created_at") + pl.duration(microseconds=int(restrict_hours * 3.6e9))
    data_end = pl.max_horizontal("observed_at", "closed_at", "created_at").max()
    seen = pl.col("closed_at").is_not_null() | (
        pl.col("observed_at").fill_null(data_end) >= follow_up
    )
    first, last = (pl.lit(moment.astimezone(UTC)) for moment in (start, until))
    filed = (pl.col("created_at") >= first) & (pl.col("created_at") < last)
    hours = _hours(pl.col("closed_at") - pl.col("created_at")).fill_null(float("inf"))
    return (
        usable(frame)
        .filter(filed & (follow_up <= data_end) & seen)
        .with_columns(hours=hours, closed=pl.col("closed_at").is_not_null())
    )


def _hours(duration: pl.Expr) -> pl.Expr:
    return duration.dt.total_microseconds() / MICROSECONDS_PER_HOUR


def closing_seen_at(time_zone: str) -> pl.Expr:
    """When the source could tell of the closing; null while open.

    Local midnight to the microsecond is a date without a time: told at the end of that day.
    """
    local = pl.col("closed_at").dt.convert_time_zone(time_zone)
    day_end = local.dt.offset_by("1d").dt.convert_time_zone("UTC")
    is_date_only = local.dt.time() == pl.time(0, 0, 0)
    return pl.when(is_date_only).then(day_end).otherwise(pl.col("closed_at"))
