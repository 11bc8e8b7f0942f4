"""Rebuilding: the roll-ups anew from the complaints, while complaints change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from complaints.rollups.folding import LOCK, merge_images
from complaints.rollups.grains import DELTAS, IMAGE, TABLES


class AlreadyRunning(Exception):
    """Another process folds or rebuilds just now."""


def rebuild(progress: Callable[[int], None] = lambda _count: None) -> int:
    """Empty the roll-ups and fill them from all complaints, in one transaction.

    It sees the database as of its beginning: the appended images that it deletes are exactly
    those of the complaints that it counts, and what is written meanwhile is folded afterwards.
    Writers and readers go on; readers see the old sums until the end. Answers how many complaints
    were counted; `progress` is told how many each step counted. Raises AlreadyRunning.
    """
    with _locked(), transaction.atomic(durable=True), connection.cursor() as cursor:
        # Within a test's transaction it is too late for that, and nobody else writes.
        if not connection.savepoint_ids:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        for table in (DELTAS, *TABLES):
            cursor.execute(f"DELETE FROM {table}")
        counted = 0
        for start_at, end_at in _months(cursor):
            counted += (count := _merge_month(cursor, start_at, end_at))
            progress(count)
        cursor.execute("UPDATE complaints_rollup_state SET rebuilt_at = now()")
        return counted


@contextmanager
def _locked() -> Iterator[None]:
    # A lock of the session: taken inside the transaction, the wait for it would come after the
    # moment that the transaction sees.
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            raise AlreadyRunning("Another process folds or rebuilds the roll-ups just now.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def _months(cursor: CursorWrapper) -> Iterator[tuple[datetime, datetime]]:
    """The months (UTC) from the first complaint filed to the last."""
    cursor.execute(
        """
        SELECT month, month + interval '1 month'
        FROM (SELECT min(created_at) AS first, max(created_at) AS last
              FROM complaints_complaint) AS filed,
            generate_series(date_trunc('month', first, 'UTC'), last, interval '1 month') AS month
        """
    )
    yield from cursor.fetchall()


def _merge_month(cursor: CursorWrapper, start_at: datetime, end_at: datetime) -> int:
    return merge_images(
        cursor,
        f"""
        SELECT 1 AS sign, {IMAGE} FROM complaints_complaint
        WHERE created_at >= %(start_at)s AND created_at < %(end_at)s""",
        {"start_at": start_at, "end_at": end_at},
    )


def count_complaints() -> int:
    """About how many complaints there are, as the planner's statistics have it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT greatest(reltuples, 0) FROM pg_class "
            "WHERE oid = 'complaints_complaint'::regclass"
        )
        return int(cursor.fetchone()[0])
