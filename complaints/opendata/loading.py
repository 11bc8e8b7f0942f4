"""A file of complaints goes through COPY into a staging table, then one set-based merge."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol, TextIO

import polars as pl
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from complaints.models import City
from complaints.opendata.cleaning import STAGED, Choice, clean
from complaints.opendata.mapping import SourceMapping
from complaints.opendata.names import Names
from complaints.opendata.reader import Batch, read_batches
from complaints.publication import mark_of


class Writer(Protocol):
    """What csv.writer makes."""

    def writerow(self, row: Iterable[object], /) -> object:
        """Write one record."""


SQL = Path(__file__).parent / "sql"
TEMPORARY_TABLES = ("staging", "staging_agency", "staging_type", "staging_district", "incoming")
_COLUMNS = ", ".join(STAGED)


@dataclass
class Summary:
    """What an import did; every row read is in exactly one of the counts."""

    read: int = 0
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    superseded: int = 0
    left_out: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    created_names: list[str] = field(default_factory=list)
    observed_at: datetime | None = None


def import_file(
    path: Path,
    city: City,
    mapping: SourceMapping,
    *,
    rejects: TextIO,
    choice: Choice | None = None,
    source: str | None = None,
    progress: Callable[[int], None] = lambda _bytes_read: None,
) -> Summary:
    """Load one file in one transaction: all its good rows, or nothing.

    Rows are matched by external id; the same file twice changes nothing, and a row that is
    already known from a later observation stays. Without `choice.observed_at` the file counts as
    observed at the latest moment that stands in it.
    Rejected rows are written to `rejects` as CSV: row number (from 1), reason, the row itself.
    `progress` is told the bytes of the file read so far.

    Raises UnreadableFile if the file lacks needed columns or cannot be read to its end.
    """
    choice = choice or Choice()
    source = source or mapping.source
    # What lies in the future is not known yet, however the file was made.
    known = replace(choice, observed_at=choice.observed_at or timezone.now())
    summary = Summary(observed_at=choice.observed_at)
    writer = csv.writer(rejects)
    writer.writerow(["row", "reason", "record"])
    with transaction.atomic(), connection.cursor() as cursor:
        # One import of a source at a time: two at once would both find a row missing.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"import {city.slug} {source}"]
        )
        _create_staging(cursor)
        for batch in read_batches(path, mapping.encoding):
            _stage(cursor, batch, city, mapping, known, summary, writer)
            progress(batch.bytes_read)
        _merge(cursor, city, mapping, source, summary)
        cursor.execute(f"DROP TABLE {', '.join(TEMPORARY_TABLES)}")
    return summary


def _create_staging(cursor: CursorWrapper) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in STAGED.items())
    cursor.execute(f"CREATE TEMPORARY TABLE staging ({columns}) ON COMMIT DROP")


def _stage(
    cursor: CursorWrapper,
    batch: Batch,
    city: City,
    mapping: SourceMapping,
    choice: Choice,
    summary: Summary,
    writer: Writer,
) -> None:
    cleaned = clean(batch.frame, mapping, city, choice)
    rejects = batch.broken + _with_record(batch.frame, cleaned.rejects)
    for number, reason, record in sorted(rejects):
        writer.writerow([number, reason, record.encode("utf-8", "backslashreplace").decode()])
        summary.rejected[reason] += 1
    summary.read += len(batch.frame) + len(batch.broken)
    summary.left_out += cleaned.left_out
    summary.notes.update(cleaned.notes)
    _copy(cursor, cleaned.rows)


def _with_record(frame: pl.DataFrame, rejects: pl.DataFrame) -> list[tuple[int, str, str]]:
    joined = rejects.join(frame, on="row", how="left")
    return [
        (number, reason, ",".join(value or "" for value in values))
        for number, reason, *values in joined.iter_rows()
    ]


def _copy(cursor: CursorWrapper, rows: pl.DataFrame) -> None:
    text = io.BytesIO()
    rows.write_csv(text, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.6f+00")
    text.seek(0)
    cursor.copy_expert(f"COPY staging ({_COLUMNS}) FROM STDIN (FORMAT csv)", text)


def _merge(
    cursor: CursorWrapper, city: City, mapping: SourceMapping, source: str, summary: Summary
) -> None:
    cursor.execute("ANALYZE staging")
    if summary.observed_at is None:
        cursor.execute("SELECT greatest(max(created_at), max(closed_at)) FROM staging")
        summary.observed_at = cursor.fetchone()[0]
    names = Names(city)
    _resolve_names(cursor, names, mapping)
    summary.created_names = names.created
    cursor.execute(
        (SQL / "merge.sql").read_text(),
        {
            "city": city.pk,
            "source": source,
            "observed_at": summary.observed_at,
            "redaction": mark_of(city),
        },
    )
    repeated, summary.new, summary.updated, summary.superseded, staged = cursor.fetchone()
    if "duplicate_of" in mapping.columns:
        _link_duplicates(cursor, city, source, summary)
    if repeated:
        summary.notes["row replaced by a later one of the same id in the file"] += repeated
    summary.unchanged = staged - summary.new - summary.updated - summary.superseded


def _link_duplicates(cursor: CursorWrapper, city: City, source: str, summary: Summary) -> None:
    """Point duplicates at what they repeat, where that is known by now."""
    cursor.execute(
        (SQL / "duplicates.sql").read_text(),
        {"city": city.pk, "source": source, "observed_at": summary.observed_at},
    )
    (unknown,) = cursor.fetchone()
    if unknown:
        summary.notes["duplicate of a complaint that is not known"] += unknown


def _resolve_names(cursor: CursorWrapper, names: Names, mapping: SourceMapping) -> None:
    """Fill the temporary tables that say which id each name of the staging table has."""
    cursor.execute((SQL / "names.sql").read_text())
    agencies = _distinct(cursor, "agency, mode() WITHIN GROUP (ORDER BY agency_name)", "agency")
    known = {
        code: names.agency(code, name) if mapping.has_agency_codes else names.agency_named(code)
        for code, name in agencies
    }
    cursor.executemany(
        "INSERT INTO staging_agency VALUES (%s, %s)",
        [(code, agency.pk) for code, agency in known.items()],
    )
    kinds = _distinct(cursor, "complaint_type, agency", "complaint_type, agency")
    cursor.executemany(
        "INSERT INTO staging_type VALUES (%s, %s, %s)",
        [(name, code, names.complaint_type(name, known.get(code)).pk) for name, code in kinds],
    )
    has_boards = mapping.district_naming == "community boards"
    district_of = names.community_board if has_boards else names.district_named
    districts = [(name, district_of(name)) for (name,) in _distinct(cursor, "district_name")]
    cursor.executemany(
        "INSERT INTO staging_district VALUES (%s, %s)",
        [(name, district.pk) for name, district in districts if district],
    )


def _distinct(
    cursor: CursorWrapper, columns: str, group: str | None = None
) -> list[tuple[str, ...]]:
    """Distinct values of staging columns, the most frequent first: it names what is created."""
    group = group or columns
    first = group.split(",", maxsplit=1)[0]
    cursor.execute(
        f"SELECT {columns} FROM staging WHERE {first} IS NOT NULL "  # noqa: S608
        f"GROUP BY {group} ORDER BY count(*) DESC, {group}"
    )
    return list(cursor.fetchall())
