"""Folding much at once: what an import appended, grouped outside of the database.

What counts of a complaint, its local day and its bin are PostgreSQL's to tell; only the sums are
made here, of whole numbers, so both ways of folding are equally exact.
"""

from __future__ import annotations

import io

import polars as pl
from django.db.backends.utils import CursorWrapper

from complaints.rollups.folding import ADDED_CELLS, ADDED_QUEUES
from complaints.rollups.grains import FILED, GRAINS, MEASURES, QUEUES, Grain, Queue, measured

_COLUMNS: dict[str, type[pl.DataType]] = {
    "city_id": pl.Int64,
    "basis": pl.String,
    "day": pl.Date,
    "month": pl.Date,
    "hour_of_week": pl.Int16,
    "complaint_type_id": pl.Int64,
    "agency_id": pl.Int64,
    "district_id": pl.Int64,
    "cell": pl.Int64,
    "channel": pl.String,
    **dict.fromkeys(MEASURES, pl.Int64),
    "bin": pl.Int16,
}


def merge_many(cursor: CursorWrapper, images: str) -> int:
    """Add images to every table; answers how many they were.

    As `folding.merge_images`, for more of them, and with COPY: not where requests are served.
    """
    items = _items(cursor, images)
    for grain in GRAINS:
        _add(cursor, grain, _cells(items, grain), ADDED_CELLS)
    filed = items.filter(pl.col("basis") == FILED)
    for queue in QUEUES:
        _add(cursor, queue, _waiting(filed, queue), ADDED_QUEUES)
    # Every image counts once by its filing.
    return len(filed)


def _items(cursor: CursorWrapper, images: str) -> pl.DataFrame:
    text = io.BytesIO()
    query = f"WITH taken AS MATERIALIZED ({images}) {measured('taken')}"
    cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", text)
    if not text.tell():
        return pl.DataFrame(schema=_COLUMNS)
    text.seek(0)
    return pl.read_csv(text, has_header=False, schema=_COLUMNS, empty_string_is_null=False)


def _cells(items: pl.DataFrame, grain: Grain) -> pl.DataFrame:
    """A grain's rows, in the order of its key; histograms as PostgreSQL writes arrays."""
    key = list(grain.key)
    rows = items.rename({grain.period: "period"})
    sums = rows.group_by(key).agg(pl.col(MEASURES).sum())
    histograms = (
        rows.filter(pl.col("bin").is_not_null())
        .group_by([*key, "bin"])
        .agg(count=pl.col("timed").sum())
        .filter(pl.col("count") != 0)
        .group_by(key)
        .agg(bins=pl.col("bin").sort(), counts=pl.col("count").sort_by("bin"))
        .with_columns(_array("bins"), _array("counts"))
    )
    together = sums.join(histograms, on=key, how="left", nulls_equal=True)
    return together.with_columns(pl.col("bins", "counts").fill_null("{}")).sort(key)


def _array(name: str) -> pl.Expr:
    members = pl.col(name).cast(pl.List(pl.String)).list.join(",")
    return pl.concat_str(pl.lit("{"), members, pl.lit("}")).alias(name)


def _waiting(filed: pl.DataFrame, queue: Queue) -> pl.DataFrame:
    key = list(queue.key)
    waiting = filed.group_by(key).agg(waiting=(pl.col("complaints") - pl.col("closed")).sum())
    return waiting.filter(pl.col("waiting") != 0).sort(key)


def _add(cursor: CursorWrapper, table: Grain | Queue, rows: pl.DataFrame, added: str) -> None:
    columns, key = ", ".join(rows.columns), ", ".join(table.key)
    text = io.BytesIO()
    rows.write_csv(text, include_header=False, quote_style="non_numeric")
    text.seek(0)
    cursor.execute(f"CREATE TEMPORARY TABLE arrived (LIKE {table.table})")
    cursor.copy_expert(f"COPY arrived ({columns}) FROM STDIN (FORMAT csv)", text)
    cursor.execute(
        f"INSERT INTO {table.table} AS folded ({columns}) SELECT {columns} FROM arrived "
        + added.format(key=key)
    )
    cursor.execute("DROP TABLE arrived")
