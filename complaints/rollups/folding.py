"""Folding: what changes appended goes into the roll-up tables, a batch a transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from complaints.rollups.grains import (
    DELTAS,
    GRAINS,
    QUEUES,
    STEPS,
    TABLES,
    Grain,
    Queue,
    grouped,
    itemised_images,
    measured,
    step_of,
)

LOCK = 311_700_001
"""Advisory lock of whoever writes the roll-up tables; any constant does."""
BATCH = 100_000
MUCH = 100_000
"""From so many images on polars groups them, which takes a moment to load and half the time."""
MUCH_AT_ONCE = 250_000
"""Images that polars groups at a time: 100 MB."""
MEMORY = "64MB"
"""What sorting a batch takes; with PostgreSQL's usual 4 MB it goes through files."""
FEW_BINS = 16
"""Up to so many bins are only put together: a bin may come more than once, which readers add up."""
WORTH_TIDYING_FROM = 20_000
"""Images; PostgreSQL itself tidies up after fewer, a minute later."""

# Nobody else deletes here, so a row stays where it was found; an index would cost each writer.
_TAKEN = f"""
    DELETE FROM {DELTAS}
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM {DELTAS} LIMIT %(limit)s))
    RETURNING *"""


def fold(batch: int | None = None, progress: Callable[[int], None] = lambda _count: None) -> int:
    """Fold all that has been appended. Answers how many images that were.

    Readers see the same sums before, while and after. If another process folds or rebuilds just
    now, nothing is done. `progress` is told the size of each batch.
    """
    folded = 0
    while count := _fold_batch(batch or BATCH, may_be_much=batch is None):
        folded += count
        progress(count)
    if folded >= WORTH_TIDYING_FROM and not connection.in_atomic_block:
        _tidy()
    return folded


def _tidy() -> None:
    """Make room again at once: each reader would walk over what an import left behind."""
    with connection.cursor() as cursor:
        for table in (DELTAS, *TABLES):
            cursor.execute(f"VACUUM ANALYZE {table}")


def pending() -> int:
    """How many images wait to be folded."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {DELTAS}")
        return int(cursor.fetchone()[0])


def _fold_batch(limit: int, may_be_much: bool) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        if may_be_much and _is_much(cursor):
            # Loads polars, which processes that fold little do without.
            from complaints.rollups.grouping import merge_many

            count = merge_many(cursor, _TAKEN % {"limit": MUCH_AT_ONCE})
        else:
            count = merge_images(cursor, _TAKEN, {"limit": limit})
        if count:
            cursor.execute("UPDATE complaints_rollup_state SET folded_at = now()")
        return count


def _is_much(cursor: CursorWrapper) -> bool:
    cursor.execute(f"SELECT count(*) FROM (SELECT FROM {DELTAS} LIMIT %s) AS found", [MUCH])
    return bool(cursor.fetchone()[0] >= MUCH)


def merge_images(cursor: CursorWrapper, images: str, parameters: dict[str, Any]) -> int:
    """Add images to every table, in one statement; answers how many they were.

    `images` is a query, or a DELETE that returns rows, as `measured` takes them. Each cell is added
    to under its own lock; the caller holds the lock of all, or two at once could wait in a circle.
    """
    cursor.execute("SELECT set_config('work_mem', %s, true)", [MEMORY])
    steps = [f"{name} AS MATERIALIZED ({grouped(known)})" for name, known in STEPS.items()]
    parts = steps + [_merged(grain) for grain in GRAINS] + [_queued(queue) for queue in QUEUES]
    cursor.execute(
        f"""
        WITH taken AS MATERIALIZED ({images}),
        arrived AS MATERIALIZED ({measured("taken")}),
        {", ".join(parts)}
        SELECT count(*) FROM taken""",
        parameters,
    )
    return int(cursor.fetchone()[0])


def _merged(grain: Grain) -> str:
    key = ", ".join(grain.key)
    return f"""
    merged_{grain.name} AS (
        INSERT INTO {grain.table} AS folded
            ({key}, complaints, closed, timed, seconds, bins, counts)
        SELECT {key}, sum(complaints), sum(closed), sum(timed), sum(seconds),
            COALESCE(array_agg(bin) FILTER (WHERE count <> 0), '{{}}'),
            COALESCE(array_agg(count) FILTER (WHERE count <> 0), '{{}}')
        FROM ({_histogram(grain)}) AS histogram
        GROUP BY {key}
        -- A period lies together, and a window is read from few pages.
        ORDER BY period
        {ADDED_CELLS.format(key=key)})"""


def _histogram(grain: Grain) -> str:
    """SQL for a row a bin of each cell, of what arrives."""
    step = step_of(grain)
    items = itemised_images(grain, step)
    if grain.period == "day" and grain.properties == STEPS.get(step):
        return items  # is grouped so already
    key = ", ".join((*reversed(grain.key), "bin"))
    return f"""
        SELECT {key}, sum(complaints)::integer AS complaints,
            sum(closed)::integer AS closed, sum(timed)::integer AS timed,
            sum(seconds)::bigint AS seconds, sum(count)::integer AS count
        FROM ({items}) AS item
        GROUP BY {key}"""


# What is in the table and what arrives: a few bins one behind the other, more as one histogram.
_BOTH = f"""
    SELECT folded.bins || excluded.bins, folded.counts || excluded.counts
    WHERE cardinality(folded.bins) + cardinality(excluded.bins) <= {FEW_BINS}
    UNION ALL
    SELECT COALESCE(array_agg(bin), '{{{{}}}}'), COALESCE(array_agg(count), '{{{{}}}}')
    FROM (
        SELECT bin, sum(count)::integer AS count
        FROM unnest(folded.bins || excluded.bins, folded.counts || excluded.counts)
            AS either (bin, count)
        GROUP BY bin HAVING sum(count) <> 0
    ) AS histogram
    HAVING cardinality(folded.bins) + cardinality(excluded.bins) > {FEW_BINS}"""
ADDED_CELLS = f"""
    ON CONFLICT ({{key}}) DO UPDATE SET
        complaints = folded.complaints + excluded.complaints,
        closed = folded.closed + excluded.closed,
        timed = folded.timed + excluded.timed,
        seconds = folded.seconds + excluded.seconds,
        (bins, counts) = ({_BOTH})"""
ADDED_QUEUES = "ON CONFLICT ({key}) DO UPDATE SET waiting = folded.waiting + excluded.waiting"


def _queued(queue: Queue) -> str:
    key = ", ".join(queue.key)
    return f"""
    merged_{queue.name} AS (
        INSERT INTO {queue.table} AS folded ({key}, waiting)
        SELECT {key}, sum(complaints - closed) FROM arrived WHERE basis = 'filed'
        GROUP BY {key} HAVING sum(complaints - closed) <> 0
        {ADDED_QUEUES.format(key=key)})"""
