"""CSV files of any size as batches of text columns, with a row's number kept beside it."""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import polars as pl

BATCH_ROWS = 20_000
MAX_FIELD_CHARACTERS = 100_000
GZIP_MAGIC = b"\x1f\x8b"


class UnreadableFile(ValueError):
    """The file as a whole is not what it should be; nothing of it was loaded."""


@dataclass(frozen=True)
class Batch:
    """Some rows of a file: `frame` has one text column for each column of the file, and `row`.

    `broken` are rows that are not even rows: number, reason and what stood there.
    """

    frame: pl.DataFrame
    broken: list[tuple[int, str, str]]
    bytes_read: int


def read_batches(path: Path, batch_rows: int = BATCH_ROWS) -> Iterator[Batch]:
    """Read a CSV file, plain or gzip by its first bytes, UTF-8, header first.

    Rows are numbered from 1, the header not counted. Raises UnreadableFile if the file has no
    header or its compression is damaged.
    """
    with path.open("rb") as raw:
        is_gzip = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        stream = gzip.GzipFile(fileobj=raw) if is_gzip else raw
        # Bad bytes become lone surrogates here, so that their row can be named, not the file.
        text = io.TextIOWrapper(
            cast(BinaryIO, stream), encoding="utf-8-sig", errors="surrogateescape", newline=""
        )
        try:
            yield from _batches(text, raw.tell, batch_rows)
        except (EOFError, gzip.BadGzipFile, OSError) as error:
            raise UnreadableFile(f"{path.name}: cannot be read to its end: {error}") from error


def read_header(path: Path) -> list[str]:
    """The column names of a CSV file. Raises UnreadableFile if there are none."""
    return [name for name in next(read_batches(path, 1)).frame.columns if name != "row"]


def _batches(text: io.TextIOWrapper, tell: Callable[[], int], size: int) -> Iterator[Batch]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    reader = csv.reader(text)
    header = _header(reader)
    numbers: list[int] = []
    rows: list[list[str]] = []
    broken: list[tuple[int, str, str]] = []
    for number, row in enumerate(_rows(reader), start=1):
        if reason := _defect(row, len(header)):
            broken.append((number, reason, ",".join(row)))
        else:
            numbers.append(number)
            rows.append(row)
        if len(rows) + len(broken) >= size:
            yield Batch(_frame(header, rows, numbers), broken, tell())
            numbers, rows, broken = [], [], []
    yield Batch(_frame(header, rows, numbers), broken, tell())


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(reader)]
    except (StopIteration, csv.Error) as error:
        raise UnreadableFile("the file has no header row") from error
    if len(set(header)) < len(header):
        raise UnreadableFile("the header names a column twice")
    return header


def _rows(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Each record; one that the CSV grammar cannot read comes as an empty list."""
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield []
            continue
        yield row


def _defect(row: list[str], width: int) -> str:
    if not row:
        return "not readable as CSV"
    if len(row) != width:
        return f"wrong number of fields (expected {width})"
    whole = "".join(row)
    if "\x00" in whole:
        return "null byte"
    if not whole.isascii() and any("\udc80" <= character <= "\udcff" for character in whole):
        return "not UTF-8"
    return ""


def _frame(header: list[str], rows: list[list[str]], numbers: list[int]) -> pl.DataFrame:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(header, pl.String), orient="row")
    return frame.with_columns(pl.Series("row", numbers, dtype=pl.Int64))
