"""Synthetic complaints into the database, as an import without a file between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from complaints.models import City
from complaints.opendata.cleaning import Choice
from complaints.opendata.loading import Summary, import_batches
from complaints.opendata.mapping import mapping_named
from complaints.opendata.reader import Batch
from complaints.opendata.rejects import Rejects
from complaints.simulation import Block, Calibration
from complaints.simulation.rows import COLUMNS, columns

SOURCE = "simulation"
MAPPING = "nyc"
BATCH_ROWS = 50_000


def store(days: Iterable[list[Block]], calibration: Calibration, city: City) -> Summary:
    """Store what is simulated: all of it or nothing. The same again changes nothing."""
    return import_batches(
        _batches(_parts(days, calibration)),
        city,
        mapping_named(MAPPING),
        rejects=Rejects(),
        choice=Choice(),
        source=SOURCE,
    )


def _parts(days: Iterable[list[Block]], calibration: Calibration) -> Iterator[pl.DataFrame]:
    in_columns = columns(calibration)
    schema = dict.fromkeys(COLUMNS, pl.String)
    for blocks in days:
        for block in blocks:
            for part in in_columns(block):
                yield pl.DataFrame(dict(zip(COLUMNS, part, strict=True)), schema)


def _batches(parts: Iterable[pl.DataFrame]) -> Iterator[Batch]:
    """Parts of any size together, their rows numbered from 1."""
    waiting: list[pl.DataFrame] = []
    first = 1
    for part in parts:
        waiting.append(part)
        if sum(map(len, waiting)) >= BATCH_ROWS:
            yield (batch := _batch(waiting, first))
            first += len(batch.frame)
            waiting = []
    if waiting:
        yield _batch(waiting, first)


def _batch(parts: list[pl.DataFrame], first: int) -> Batch:
    frame = pl.concat(parts)
    rows = pl.int_range(first, first + len(frame), eager=True).alias("row")
    return Batch(frame.with_columns(rows), [], 0)
