"""A file of complaints goes through COPY into a staging table, then one set-based merge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import polars as pl
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.utils import timezone

from complaints.models import City
from complaints.opendata import staging
from complaints.opendata.ahead import worked_ahead
from complaints.opendata.bulk import analyze, without_secondary_indexes
from complaints.opendata.cleaning import Choice, CleanBatch, clean
from complaints.opendata.mapping import SourceMapping
from complaints.opendata.names import Names
from complaints.opendata.quality import Quality
from complaints.opendata.reader import Batch, read_batches
from complaints.opendata.rejects import Rejects
from complaints.publication import mark_of

MERGED_ROWS = 200_000
"""So many rows of the file are one statement: what a statement remembers stays small."""
MEMORY = "64MB"
"""For a sort or a table of groups; with PostgreSQL's usual 4 MB they go through files."""
ANALYZED_FROM_ROWS = 10_000
"""As many rows of one import share their `updated_at`; whoever syncs asks for them at once."""


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
    quality: Quality = field(default_factory=Quality)
    observed_at: datetime | None = None
    last_row: int = 0

    def add(self, new: int, updated: int = 0, superseded: int = 0, staged: int = 0) -> None:
        """Count one merge: `staged` rows in all, or all of them new."""
        self.new += new
        self.updated += updated
        self.superseded += superseded
        self.unchanged += max(staged, new) - new - updated - superseded


def import_file(
    path: Path,
    city: City,
    mapping: SourceMapping,
    *,
    rejects: Rejects,
    choice: Choice | None = None,
    source: str | None = None,
    progress: Callable[[int], None] = lambda _bytes_read: None,
) -> Summary:
    """Load one file in one transaction: all its good rows, or nothing.

    Rows are matched by external id; the same file twice changes nothing, and a row that is
    already known from a later observation stays. Without `choice.observed_at` the file counts as
    observed at the latest moment that stands in it.
    Rejected rows are added to `rejects`: row number (from 1), reason, the row itself.
    `progress` is told the bytes of the file read so far.

    Raises UnreadableFile if the file cannot be read to its end.
    """
    batches = read_batches(path, mapping.encoding)
    return import_batches(
        batches,
        city,
        mapping,
        rejects=rejects,
        choice=choice,
        source=source,
        progress=progress,
    )


@transaction.atomic
def import_batches(
    batches: Iterable[Batch],
    city: City,
    mapping: SourceMapping,
    *,
    rejects: Rejects,
    choice: Choice | None = None,
    source: str | None = None,
    progress: Callable[[int], None] = lambda _bytes_read: None,
) -> Summary:
    """The same for rows from anywhere."""
    choice, source = choice or Choice(), source or mapping.source
    # What lies in the future is not known yet, however the file was made.
    known = replace(choice, observed_at=choice.observed_at or timezone.now())
    summary = Summary(observed_at=choice.observed_at)
    read = worked_ahead(batches)
    cleaned = ((batch, clean(batch.frame, mapping, city, known)) for batch in read)
    with connection.cursor() as cursor:
        # One import of a source at a time: two at once would both find a row missing.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"import {city.slug} {source}"]
        )
        cursor.execute("SELECT set_config('work_mem', %s, true)", [MEMORY])
        staging.create(cursor)
        used = staging.Used()
        for batch, clean_batch in worked_ahead(cleaned):
            _stage(cursor, batch, clean_batch, summary, rejects)
            used.add(clean_batch.rows)
            progress(batch.bytes_read)
        _merge(cursor, city, mapping, source, used, summary)
        staging.drop(cursor)
    return summary


def _stage(
    cursor: CursorWrapper, batch: Batch, cleaned: CleanBatch, summary: Summary, rejects: Rejects
) -> None:
    for reject in sorted(batch.broken + _with_record(batch.frame, cleaned.rejects)):
        rejects.add(*reject)
        _, reason, _ = reject
        summary.rejected[reason] += 1
    summary.read += len(batch.frame) + len(batch.broken)
    summary.left_out += cleaned.left_out
    summary.notes.update(cleaned.notes)
    summary.quality.merge(cleaned.quality)
    summary.last_row = max(summary.last_row, cleaned.rows.select(pl.max("row")).item() or 0)
    staging.copy(cursor, cleaned.rows)


def _with_record(frame: pl.DataFrame, rejects: pl.DataFrame) -> list[tuple[int, str, str]]:
    if rejects.is_empty():
        return []
    joined = rejects.join(frame, on="row", how="left")
    return [
        (number, reason, ",".join(value or "" for value in values))
        for number, reason, *values in joined.iter_rows()
    ]


def _merge(
    cursor: CursorWrapper,
    city: City,
    mapping: SourceMapping,
    source: str,
    used: staging.Used,
    summary: Summary,
) -> None:
    if repeated := staging.drop_repeated(cursor, summary.quality):
        summary.notes["row replaced by a later one of the same id in the file"] += repeated
        used.count_again(cursor)
    if summary.observed_at is None:
        cursor.execute("SELECT greatest(max(created_at), max(closed_at)) FROM staging")
        summary.observed_at = cursor.fetchone()[0]
    if summary.last_row > MERGED_ROWS:
        cursor.execute("CREATE INDEX ON staging (row)")
    # What rows are found and joined by; of the others nobody asks.
    cursor.execute("ANALYZE staging (row, external_id, complaint_type, agency, district_name)")
    names = Names(city)
    staging.resolve_names(cursor, names, used, mapping, summary.quality)
    staging.count_same_reports(cursor, summary.quality)
    summary.created_names = names.created
    # Checked at each statement's end: the list of rows to check would else grow until the commit.
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with without_secondary_indexes(cursor, summary.last_row) as is_empty:
        statement = (staging.SQL / ("fill.sql" if is_empty else "merge.sql")).read_text()
        for first in range(1, summary.last_row + 1, MERGED_ROWS):
            values = {
                "city": city.pk,
                "source": source,
                "observed_at": summary.observed_at,
                "redaction": mark_of(city),
                "first": first,
                "end": first + MERGED_ROWS,
            }
            cursor.execute(statement, values)
            summary.add(*cursor.fetchone())
    if not is_empty and summary.new + summary.updated >= ANALYZED_FROM_ROWS:
        analyze(cursor)
    if "duplicate_of" in mapping.columns:
        _link_duplicates(cursor, city, source, summary)


def _link_duplicates(cursor: CursorWrapper, city: City, source: str, summary: Summary) -> None:
    """Point duplicates at what they repeat, where that is known by now."""
    cursor.execute(
        (staging.SQL / "duplicates.sql").read_text(),
        {"city": city.pk, "source": source, "observed_at": summary.observed_at},
    )
    (unknown,) = cursor.fetchone()
    if unknown:
        summary.notes["duplicate of a complaint that is not known"] += unknown
