"""A batch of a file's text columns becomes rows for staging, or rejects with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
import polars as pl
from django.utils import timezone

from complaints.models import City, Complaint
from complaints.models.complaint import new_public_ids
from complaints.opendata.mapping import FIELDS, SourceMapping
from complaints.opendata.moments import instants
from complaints.opendata.places import placed, with_cells
from complaints.opendata.quality import Quality, measured
from complaints.publication import public_description

TEXT_LIMITS = {
    "external_id": 100,
    "agency_name": 200,
    "complaint_type": 200,
    "descriptor": 200,
    "location_type": 100,
    "address": 300,
    "zip": 10,
    "duplicate_of": 100,
    "description": 10_000,
    "resolution": 10_000,
}
"""Most characters a column takes, as the complaint's columns have it."""
AGENCY_CODE_CHARACTERS = 50
CHANNEL_CHARACTERS = 20
YES = ("true", "t", "yes", "y", "1")

STAGED = {
    "row": "bigint",
    "public_id": "text",
    "external_id": "text",
    "created_at": "timestamptz",
    "closed_at": "timestamptz",
    "due_at": "timestamptz",
    "status": "text",
    "agency": "text",
    "agency_name": "text",
    "complaint_type": "text",
    "descriptor": "text",
    "description": "text",
    "public_description": "text",
    "location_type": "text",
    "latitude": "double precision",
    "longitude": "double precision",
    "cell": "bigint",
    "address": "text",
    "zip": "text",
    "district_name": "text",
    "channel": "text",
    "resolution": "text",
    "is_duplicate": "boolean",
    "duplicate_of": "text",
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
    quality: Quality


def clean(frame: pl.DataFrame, mapping: SourceMapping, city: City, choice: Choice) -> CleanBatch:
    """Apply the label rules to one batch.

    Closed means: the source says so and gives a date. A closing date on an open row is a
    placeholder and ignored; a closing later than the observation is not known yet.
    """
    if not set(mapping.columns.get("status", ())) & set(frame.columns):
        mapping = msgspec.structs.replace(mapping, unknown_status="by closing date")
    rows = _times(_named(frame, mapping), mapping, city, choice)
    chosen = rows.filter(_is_chosen(choice))
    left_out = len(rows) - len(chosen)
    chosen = _closings(_duplicates(chosen, mapping), mapping, choice)
    judged = placed(chosen, city, mapping.plane)
    judged = judged.with_columns(_reason(mapping, choice).alias("reason"))
    good = judged.filter(pl.col("reason").is_null())
    notes = {
        "closing date on an open complaint ignored": int(good["is_placeholder"].sum()),
        "closing after the observation ignored": int(good["is_unknown_yet"].sum()),
        "place outside the city dropped": int(good["is_outside"].sum()),
        f"channel cut to {CHANNEL_CHARACTERS} characters": _count(
            good, pl.col("channel").str.len_chars() > CHANNEL_CHARACTERS
        ),
    }
    return CleanBatch(
        rows=_published(_identified(_finished(good, mapping, choice)), city).select(list(STAGED)),
        rejects=judged.filter(pl.col("reason").is_not_null()).select("row", "reason"),
        left_out=left_out,
        notes=notes,
        quality=measured(judged, city.time_zone, choice.observed_at or timezone.now()),
    )


def _count(rows: pl.DataFrame, condition: pl.Expr) -> int:
    return int(rows.select(condition.sum()).item())


def _named(frame: pl.DataFrame, mapping: SourceMapping) -> pl.DataFrame:
    """Our column names, trimmed, empty as null; columns that the file lacks are null."""
    return frame.select("row", *(_column(frame, mapping, field).alias(field) for field in FIELDS))


def _column(frame: pl.DataFrame, mapping: SourceMapping, field: str) -> pl.Expr:
    """The first of a field's columns that is not empty."""
    present = [name for name in mapping.columns.get(field, ()) if name in frame.columns]
    texts = [pl.col(name).str.strip_chars().replace("", None) for name in present]
    return pl.coalesce(texts) if texts else pl.lit(None, dtype=pl.String)


def _times(rows: pl.DataFrame, mapping: SourceMapping, city: City, choice: Choice) -> pl.DataFrame:
    zone, formats = mapping.time_zone or city.time_zone, mapping.time_formats
    weeks = choice.shift_weeks
    created, _ = instants(rows["created"], formats, zone, weeks)
    closing, in_fold = instants(rows["closed"], formats, zone, weeks)
    due, _ = instants(rows["due"], formats, zone, weeks)
    rows = rows.with_columns(created_at=created, closing=closing, due_at=due, in_fold=in_fold)
    # In the hour that autumn repeats, a closing before the filing was meant the second time.
    return rows.with_columns(
        closing=pl.when(pl.col("closing") < pl.col("created_at"))
        .then("in_fold")
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


def _duplicates(rows: pl.DataFrame, mapping: SourceMapping) -> pl.DataFrame:
    """Marked by a status word or by a column; what it repeats counts only where it is marked."""
    marked = pl.col("status").str.to_lowercase().is_in(list(mapping.duplicate_statuses))
    told = pl.col("is_duplicate").str.to_lowercase().is_in(list(YES))
    is_duplicate = marked.fill_null(value=False) | told.fill_null(value=False)
    return rows.with_columns(
        is_duplicate=is_duplicate,
        duplicate_of=pl.when(is_duplicate).then("duplicate_of"),
    )


def _says(rows: pl.DataFrame, mapping: SourceMapping) -> pl.Expr:
    """Our status for the source's word; where the form allows it, else told by a closing date."""
    words = mapping.status_words
    by_word = (
        pl.col("status")
        .str.to_lowercase()
        .replace_strict(words, default=None, return_dtype=pl.String)
    )
    by_date = (
        pl.when(pl.col("closed").is_null())
        .then(pl.lit(str(Complaint.Status.OPEN)))
        .otherwise(pl.lit(str(Complaint.Status.CLOSED)))
    )
    return by_word.fill_null(by_date) if mapping.unknown_status == "by closing date" else by_word


def _closings(rows: pl.DataFrame, mapping: SourceMapping, choice: Choice) -> pl.DataFrame:
    rows = rows.with_columns(says=_says(rows, mapping))
    says_closed = pl.col("says") == Complaint.Status.CLOSED
    is_unknown_yet = pl.lit(value=False)
    if choice.observed_at:
        is_unknown_yet = says_closed & (pl.col("closing") > _literal(choice.observed_at))
    return rows.with_columns(
        is_placeholder=(~says_closed & pl.col("closing").is_not_null()).fill_null(value=False),
        is_unknown_yet=is_unknown_yet.fill_null(value=False),
    ).with_columns(
        closed_at=pl.when(says_closed & ~pl.col("is_unknown_yet")).then("closing"),
        # What was done is known no earlier than that it was done.
        resolution=pl.when(~pl.col("is_unknown_yet")).then("resolution"),
        status=pl.when("is_unknown_yet").then(pl.lit("open")).otherwise("says"),
    )


def _reason(mapping: SourceMapping, choice: Choice) -> pl.Expr:
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
    limits = TEXT_LIMITS | ({"agency": AGENCY_CODE_CHARACTERS} if mapping.has_agency_codes else {})
    defects += [
        (pl.col(name).str.len_chars() > limit, f"{name} longer than {limit} characters")
        for name, limit in limits.items()
    ]
    return pl.coalesce(pl.when(defect).then(pl.lit(reason)) for defect, reason in defects)


def _identified(rows: pl.DataFrame) -> pl.DataFrame:
    """With a public id for each that turns out to be new.

    The column's default draws two UUIDs, which takes PostgreSQL twenty times as long.
    """
    return rows.with_columns(pl.Series("public_id", new_public_ids(len(rows)), dtype=pl.String))


def _published(rows: pl.DataFrame, city: City) -> pl.DataFrame:
    """With what the public reads of each description."""
    shown = [
        public_description(city, text) if text else None for text in rows["description"].to_list()
    ]
    return rows.with_columns(pl.Series("public_description", shown, dtype=pl.String))


def _finished(rows: pl.DataFrame, mapping: SourceMapping, choice: Choice) -> pl.DataFrame:
    return (
        with_cells(rows)
        .with_columns(
            pl.concat_str(pl.lit(choice.id_prefix), "external_id").alias("external_id"),
            pl.concat_str(pl.lit(choice.id_prefix), "duplicate_of").alias("duplicate_of"),
            pl.col("channel").str.to_lowercase().str.slice(0, CHANNEL_CHARACTERS),
            agency=pl.col("agency") if mapping.has_agency_codes else pl.col("agency_name"),
            district_name=pl.concat_str(pl.lit(mapping.district_prefix), "district"),
        )
        .sort("created_at", "external_id")
    )
