"""An import from its row in the database to its end: claimed, run, written down."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connection
from django.utils import timezone

from complaints.models import Import
from complaints.opendata.cleaning import Choice
from complaints.opendata.containers import UnreadableFile
from complaints.opendata.destination import UnknownCity, destination
from complaints.opendata.loading import Summary, import_file
from complaints.opendata.mapping import UnknownForm
from complaints.opendata.rejects import Rejects

REFUSALS = (UnreadableFile, UnknownForm, UnknownCity, OSError)
"""What is wrong with a file or a portal, said in the error's text."""
_LOCK_SPACE = 311
"""The first of the two numbers of an import's advisory lock; the other is its key."""

Progress = Callable[[int], None]


def is_claimed(number: int) -> bool:
    """Whether a process is at an import."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, number])
        is_free = bool(cursor.fetchone()[0])
        if is_free:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_SPACE, number])
    return not is_free


class AlreadyRunning(ValueError):
    """Another process is at this import."""


@contextmanager
def claimed(run: Import) -> Iterator[None]:
    """Hold the import while it runs. Raises AlreadyRunning.

    A lock of the session, which a killed process gives up: what is marked as running and not
    locked was left behind.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, run.pk])
        if not cursor.fetchone()[0]:
            raise AlreadyRunning(f"import {run.pk} is running")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [_LOCK_SPACE, run.pk])


@contextmanager
def recorded(run: Import) -> Iterator[None]:
    """Mark the import as running, and as done or failed with the reason; the error goes on."""
    run.status, run.error = Import.Status.RUNNING, ""
    run.started_at = run.started_at or timezone.now()
    run.save(update_fields=["status", "error", "started_at"])
    try:
        yield
    except BaseException as error:
        # Also what nobody foresaw, and Ctrl-C: an import must not look as if it went on.
        known = isinstance(error, (*REFUSALS, ValueError))
        run.status, run.error = Import.Status.FAILED, str(error) if known else repr(error)
        raise
    else:
        run.status, run.progress = Import.Status.DONE, 1.0
    finally:
        run.finished_at = timezone.now()
        run.save()


def run_file(
    run: Import,
    path: Path,
    choice: Choice | None = None,
    progress: Progress = lambda _bytes_read: None,
) -> Summary:
    """Import a file for a row that says of which city and form, or leaves it to the columns.

    Raises what import_file and destination raise, and AlreadyRunning.
    """
    rejects = Rejects()
    with claimed(run), recorded(run):
        run.sha256 = _sha256(path)
        city, mapping = destination(path, run.city.slug if run.city else None, run.mapping or None)
        run.city, run.mapping = city, mapping.name
        run.save(update_fields=["sha256", "city", "mapping"])
        choice = choice or Choice(observed_at=run.observed_at)
        summary = import_file(
            path, city, mapping, rejects=rejects, choice=choice, progress=progress
        )
        note(run, summary, rejects)
    return summary


def note(run: Import, summary: Summary, rejects: Rejects) -> None:
    """Put what an import did into its row; saving is the caller's."""
    run.counts = counted(summary)
    run.report = summary.quality.report()
    run.rejects = rejects.packed()
    run.observed_at = summary.observed_at


def counted(summary: Summary) -> dict[str, Any]:
    """Every row read is in exactly one of the counts."""
    return {
        "read": summary.read,
        "new": summary.new,
        "updated": summary.updated,
        "unchanged": summary.unchanged,
        "superseded": summary.superseded,
        "left_out": summary.left_out,
        "rejected": summary.rejected.total(),
        "reasons": dict(summary.rejected.most_common()),
        "notes": {text: rows for text, rows in summary.notes.most_common() if rows},
        "new_names": len(summary.created_names),
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
