"""A batch of a file's text columns becomes rows for staging, or rejects with a reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

import h3.api.basic_int as h3
import polars as pl

from complaints.models import City, Complaint
from complaints.models.complaint import CELL_RESOLUTION
from complaints.opendata.mapping import SourceMapping

TEXT_LIMITS = {
    "external_id": 100,
    "agency": 50,
    "agency_name": 200,
    "complaint_type": 200,
    "descriptor": 200,
    "location_type": 100,
    "address": 300,
    "zip": 10,
    "channel": 20,
    "resolution": 10_000,
}
"""Most characters a column takes, as the complaint's columns have it."""

STAGED = {
    "row": "bigint",
    "external_id": "text",
    "created_at": "timestamptz",
    "closed_at": "timestamptz",
    "due_at": "timestamptz",
    "status": "text",
    "agency": "text",
    "agency_name": "text",
    "complaint_type": "text",
    "descriptor": "text",
    "location_type": "text",
    "latitude": "double precision",
    "longitude": "double precision",
    "cell": "bigint",
    "address": "text",
    "zip": "text",
    "district_name": "text",
    "channel": "text",
    "resolution": "text",
}
"""Columns of the staging table, in the order in which a clean batch has them."""


@dataclass(frozen=True)
class Choice:
    """Which rows of a file are taken and how its clock is read.

    `created_after` is inclusive, `created_before` exclusive. `shift_weeks` moves every time by
    whole weeks of local time, so that weekdays and hours stay as they are.
    """

    observed_at: datetime | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    shift_weeks: int = 0
    id_prefix: str = ""


@dataclass(frozen=True)
class CleanBatch:
    """Rows fit for staging, rejects as (row, reason) and what was mended on the way."""

    rows: pl.DataFrame
    rejects: pl.DataFrame
    left_out: int
    notes: dict[str, int]


def clean(frame: pl.DataFrame, mapping: SourceMapping, city: City, choice: Choice) -> CleanBatch:
    """Apply the label rules to one batch.

    Closed means: the source says so and gives a date. A closing date on an open row is a
    placeholder and ignored; a closing later than the observation is not known yet.
    """
    rows = _times(_named(frame, mapping), mapping, city, choice)
    chosen = rows.filter(_is_chosen(choice))
    left_out = len(rows) - len(chosen)
    chosen = _closings(chosen, mapping, choice)
    judged = _places(chosen, city).with_columns(_reason(choice).alias("reason"))
    good = judged.filter(pl.col("reason").is_null())
    notes = {
        "closing date on an open complaint ignored": int(good["is_placeholder"].sum()),
        "closing after the observation ignored": int(good["is_unknown_yet"].sum()),
        "place outside the city dropped": int(good["is_outside"].sum()),
    }
    return CleanBatch(
        rows=_with_cells(good, choice).select(list(STAGED)),
        rejects=judged.filter(pl.col("reason").is_not_null()).select("row", "reason"),
        left_out=left_out,
        notes=notes,
    )


def _named(frame: pl.DataFrame, mapping: SourceMapping) -> pl.DataFrame:
    """Our column names, trimmed, empty as null; columns that the file lacks are null."""
    return frame.select(
        "row",
        *(
            pl.col(theirs).str.strip_chars().replace("", None).alias(ours)
            if theirs in frame.columns
            else pl.lit(None, dtype=pl.String).alias(ours)
            for ours, theirs in mapping.columns.items()
        ),
    )


def _instant(naive: pl.Expr, zone: str, ambiguous: str = "earliest") -> pl.Expr:
    """UTC instants of local times. A time in a spring gap is read with the offset before it."""
    exact = naive.dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null")  # type: ignore[arg-type]
    later = naive.dt.offset_by("1h").dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    )
    return exact.fill_null(later).dt.convert_time_zone("UTC")


def _times(rows: pl.DataFrame, mapping: SourceMapping, city: City, choice: Choice) -> pl.DataFrame:
    local = {
        name: pl.col(name)
        .str.to_datetime(mapping.time_format, strict=False, time_unit="us")
        .dt.offset_by(f"{choice.shift_weeks}w")
        for name in ("created", "closed", "due")
    }
    zone = city.time_zone
    rows = rows.with_columns(
        created_at=_instant(local["created"], zone),
        closing=_instant(local["closed"], zone),
        closing_in_fold=_instant(local["closed"], zone, "latest"),
        due_at=_instant(local["due"], zone),
    )
    # In the hour that autumn repeats, a closing before the filing was meant the second time.
    return rows.with_columns(
        closing=pl.when(pl.col("closing") < pl.col("created_at"))
        .then("closing_in_fold")
        .otherwise("closing")
    )


def _literal(moment: datetime) -> pl.Expr:
    return pl.lit(moment.astimezone(UTC), dtype=pl.Datetime("us", "UTC"))


def _is_chosen(choice: Choice) -> pl.Expr:
    chosen = pl.col("row").is_not_null()
    if choice.created_after:
        chosen &= pl.col("created_at") >= _literal(choice.created_after)
    if choice.created_before:
        chosen &= pl.col("created_at") < _literal(choice.created_before)
    # A row without a readable date is nobody's choice: it goes on, to be rejected by name.
    return chosen.fill_null(value=True)


def _closings(rows: pl.DataFrame, mapping: SourceMapping, choice: Choice) -> pl.DataFrame:
    says_closed = pl.col("says") == Complaint.Status.CLOSED
    is_unknown_yet = pl.lit(value=False)
    if choice.observed_at:
        is_unknown_yet = says_closed & (pl.col("closing") > _literal(choice.observed_at))
    return (
        rows.with_columns(
            says=pl.col("status")
            .str.to_lowercase()
            .replace_strict(
                {word: str(status) for word, status in mapping.statuses.items()},
                default=None,
                return_dtype=pl.String,
            )
        )
        .with_columns(
            is_placeholder=(~says_closed & pl.col("closing").is_not_null()).fill_null(value=False),
            is_unknown_yet=is_unknown_yet.fill_null(value=False),
        )
        .with_columns(
            closed_at=pl.when(says_closed & ~pl.col("is_unknown_yet")).then("closing"),
            word=pl.col("status"),
            # What was done is known no earlier than that it was done.
            resolution=pl.when(~pl.col("is_unknown_yet")).then("resolution"),
            status=pl.when("is_unknown_yet").then(pl.lit("open")).otherwise("says"),
        )
    )


def _places(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    rows = rows.with_columns(
        y=pl.col("latitude").cast(pl.Float64, strict=False),
        x=pl.col("longitude").cast(pl.Float64, strict=False),
    )
    is_inside = pl.col("y").is_between(city.south, city.north) & pl.col("x").is_between(
        city.west, city.east
    )
    has_place = pl.col("y").is_not_null() & pl.col("x").is_not_null()
    return rows.with_columns(
        is_unreadable_place=(pl.col("latitude").is_not_null() & pl.col("y").is_null())
        | (pl.col("longitude").is_not_null() & pl.col("x").is_null()),
        is_outside=has_place & ~is_inside,
        latitude=pl.when(is_inside).then("y"),
        longitude=pl.when(is_inside).then("x"),
    )


def _reason(choice: Choice) -> pl.Expr:
    """Why a row cannot be loaded, the first reason that holds; null for a good row."""
    created, closed = pl.col("created_at"), pl.col("closed_at")
    is_closed = pl.col("status") == Complaint.Status.CLOSED
    defects: list[tuple[pl.Expr, str]] = [
        (pl.col("external_id").is_null(), "no id"),
        (pl.col("created").is_null(), "no creation date"),
        (created.is_null(), "creation date not readable"),
        (pl.col("complaint_type").is_null(), "no complaint type"),
        (pl.col("status").is_null(), "status unknown"),
        (is_closed & pl.col("closed").is_null(), "closed without a closing date"),
        (is_closed & closed.is_null(), "closing date not readable"),
        (closed < created, "closed before it was created"),
        (pl.col("is_unreadable_place"), "coordinates not readable"),
    ]
    if choice.observed_at:
        defects.insert(3, (created > _literal(choice.observed_at), "created after the observation"))
    defects += [
        (pl.col(name).str.len_chars() > limit, f"{name} longer than {limit} characters")
        for name, limit in TEXT_LIMITS.items()
    ]
    return pl.coalesce(pl.when(defect).then(pl.lit(reason)) for defect, reason in defects)


def _with_cells(rows: pl.DataFrame, choice: Choice) -> pl.DataFrame:
    return rows.with_columns(
        pl.concat_str(pl.lit(choice.id_prefix), "external_id").alias("external_id"),
        pl.Series("cell", list(_cells(rows)), dtype=pl.Int64),
        pl.col("channel").str.to_lowercase(),
        district_name=pl.col("district"),
    )


def _cells(rows: pl.DataFrame) -> Iterable[int | None]:
    for latitude, longitude in rows.select("latitude", "longitude").iter_rows():
        if latitude is None:
            yield None
        else:
            yield h3.latlng_to_cell(latitude, longitude, CELL_RESOLUTION)
