"""Loading an empty table: its indexes and constraints are made afterwards, all at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, transaction
from django.db.backends.utils import CursorWrapper

TABLES = ("complaints_complaint", "complaints_complaintevent")
WORTH_IT_FROM_ROWS = 50_000
"""Making the indexes of a small table anew takes longer than keeping them."""
MAINTENANCE_MEMORY = "256MB"
HELPERS = 1
"""Processes beside our own that make an index. Most take a moment: with a second helper all B-trees
took a fifth more processor time on two cores."""

# Whoever else is connected may serve requests, and would wait for the locks.
_IS_ALONE = """
SELECT NOT EXISTS (
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend'
        AND pid <> pg_backend_pid()
)
"""
_CONSTRAINTS = """
SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid)
FROM pg_constraint WHERE contype IN ('f', 'u') AND conrelid = ANY (%s::regclass[])
ORDER BY contype DESC
"""
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM pg_index i
WHERE indrelid = ANY (%s::regclass[])
    AND NOT EXISTS (
        SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.conrelid = i.indrelid
    )
"""


@contextmanager
def without_secondary_indexes(cursor: CursorWrapper, rows: int) -> Iterator[bool]:
    """Drop them, with unique and foreign keys, and make them anew, if that disturbs nobody.

    The table has to be empty, and nobody else may be connected.

    Answers whether it was so. All within the caller's transaction: whatever goes wrong, the
    indexes are there as before. Primary keys stay.
    """
    if rows < WORTH_IT_FROM_ROWS or not _may_lock(cursor):
        yield False
        return
    constraints = _found(cursor, _CONSTRAINTS)
    indexes = _found(cursor, _INDEXES)
    for table, name, _ in constraints:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield True
    cursor.execute("SELECT set_config('maintenance_work_mem', %s, true)", [MAINTENANCE_MEMORY])
    cursor.execute(
        "SELECT set_config('max_parallel_maintenance_workers', %s, true)", [str(HELPERS)]
    )
    for _, definition in indexes:
        cursor.execute(definition)
    for table, name, definition in constraints:
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    analyze(cursor)


def analyze(cursor: CursorWrapper) -> None:
    """Let the planner know what the tables hold: the first readers come before autovacuum does."""
    cursor.execute(f"ANALYZE {', '.join(TABLES)}")


def _may_lock(cursor: CursorWrapper) -> bool:
    cursor.execute(_IS_ALONE)
    if not cursor.fetchone()[0]:
        return False
    try:
        with transaction.atomic():
            cursor.execute(f"LOCK TABLE {', '.join(TABLES)} IN ACCESS EXCLUSIVE MODE NOWAIT")
    except OperationalError:
        return False
    cursor.execute("SELECT NOT EXISTS (SELECT FROM complaints_complaint)")
    return bool(cursor.fetchone()[0])


def _found(cursor: CursorWrapper, query: str) -> list[tuple[str, ...]]:
    cursor.execute(query, [list(TABLES)])
    return list(cursor.fetchall())
