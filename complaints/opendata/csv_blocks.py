"""CSV in blocks of whole records: parsed in bulk where all is well, row by row where not."""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from complaints.opendata.containers import Readable, UnreadableFile

BLOCK_BYTES = 8 * 1024 * 1024
MAX_FIELD_CHARACTERS = 100_000
SLOW_ROWS = 10_000
"""Rows of a block that are read one by one come in batches of so many."""
DELIMITERS = ",;\t|"


@dataclass(frozen=True)
class Records:
    """Rows as text columns, and those that are not even rows: place among these, reason, text."""

    frame: pl.DataFrame
    positions: Sequence[int] | None
    broken: list[tuple[int, str, str]]

    @property
    def count(self) -> int:
        """All records, broken ones too."""
        return len(self.frame) + len(self.broken)


@dataclass(frozen=True)
class Form:
    """What a CSV file's first line tells: its columns and what parts them."""

    header: list[str]
    delimiter: str
    encoding: str = ""
    """Of lines that are not UTF-8; empty: they are broken."""

    @property
    def schema(self) -> dict[str, type[pl.String]]:
        """Every column is text."""
        return dict.fromkeys(self.header, pl.String)


class NotBulk(Exception):
    """A block has to be read row by row; `is_torn` if its end may not be a record's end."""

    def __init__(self, is_torn: bool = False) -> None:
        super().__init__()
        self.is_torn = is_torn


def read_form(line: str, encoding: str) -> Form:
    """The form of a file from its header line. Raises UnreadableFile if it has none."""
    delimiter = max(DELIMITERS, key=line.count)
    try:
        header = [name.strip() for name in next(csv.reader([line], delimiter=delimiter))]
    except (StopIteration, csv.Error) as error:
        raise UnreadableFile("the file has no header row") from error
    if not any(header):
        raise UnreadableFile("the file has no header row")
    if len(set(header)) < len(header):
        raise UnreadableFile("the header names a column twice")
    return Form(header, delimiter, encoding)


def records(form: Form, start: bytes, stream: Readable) -> Iterator[Records]:
    """All records after the header; `start` was read from the stream already."""
    left = start
    while True:
        more = stream.read(BLOCK_BYTES)
        block, left = _cut(left + more) if more else (left, b"")
        if block:
            try:
                yield _in_bulk(form, block)
            except NotBulk as reason:
                rest = _blocks(stream) if reason.is_torn else iter(())
                yield from _row_by_row(
                    form, itertools.chain([block + left], rest) if reason.is_torn else iter([block])
                )
                if reason.is_torn:
                    return
        elif len(left) > 2 * BLOCK_BYTES:
            yield from _row_by_row(form, itertools.chain([left], _blocks(stream)))
            return
        if not more:
            return


def _blocks(stream: Readable) -> Iterator[bytes]:
    while block := stream.read(BLOCK_BYTES):
        yield block


def _cut(text: bytes) -> tuple[bytes, bytes]:
    """Up to the last line end that lies outside quotes, and the rest."""
    end = len(text)
    quotes = text.count(b'"')
    while True:
        newline = text.rfind(b"\n", 0, end)
        if newline < 0:
            return b"", text
        quotes -= text.count(b'"', newline, end)
        if quotes % 2 == 0:
            return text[: newline + 1], text[newline + 1 :]
        end = newline


def _in_bulk(form: Form, block: bytes) -> Records:
    """Raises NotBulk if a row has to be named, or the grammar is in doubt."""
    block = _as_utf8(block, form.encoding)
    if b"\x00" in block:
        raise NotBulk
    try:
        frame = pl.read_csv(
            block,
            has_header=False,
            schema=form.schema,
            separator=form.delimiter,
            empty_string_is_null=False,
            extra_columns="raise",
            low_memory=True,
        )
    except pl.exceptions.SchemaError as error:
        raise NotBulk from error
    except pl.exceptions.PolarsError as error:
        raise NotBulk(is_torn=True) from error
    if _has_odd_rows(frame, form, block):
        raise NotBulk
    return Records(frame, None, [])


def _as_utf8(block: bytes, encoding: str) -> bytes:
    try:
        block.decode()
    except UnicodeDecodeError as error:
        if not encoding:
            raise NotBulk from error
    else:
        return block
    try:
        return b"\n".join(_line_as_utf8(line, encoding) for line in block.split(b"\n"))
    except UnicodeDecodeError as error:
        raise NotBulk from error


def _line_as_utf8(line: bytes, encoding: str) -> bytes:
    try:
        line.decode()
    except UnicodeDecodeError:
        return line.decode(encoding).encode()
    return line


def _has_odd_rows(frame: pl.DataFrame, form: Form, block: bytes) -> bool:
    """Whether a row has too few fields (they read as empty ones) or too long a field.

    Every delimiter that does not stand in a field parts two fields.
    """
    counts = frame.select(
        pl.all().str.count_matches(form.delimiter, literal=True).sum().cast(pl.Int64)
    )
    within = sum(counts.row(0)) if len(frame) else 0
    parting = block.count(form.delimiter.encode()) - within
    if parting != len(frame) * (len(form.header) - 1):
        return True
    longest = frame.select(pl.all().str.len_bytes().max()).row(0)
    return max((size or 0) for size in longest) > MAX_FIELD_CHARACTERS


def _row_by_row(form: Form, blocks: Iterator[bytes]) -> Iterator[Records]:
    csv.field_size_limit(MAX_FIELD_CHARACTERS)
    # Bad bytes become lone surrogates here, so that their row can be named, not the file.
    text = io.TextIOWrapper(
        io.BufferedReader(_Joined(blocks)),  # type: ignore[type-var]
        encoding="utf-8",
        errors="surrogateescape",
        newline="",
    )
    rows = _rows(csv.reader(text, delimiter=form.delimiter))
    while batch := list(itertools.islice(rows, SLOW_ROWS)):
        yield _sorted_out(form, batch)


class _Joined(io.RawIOBase):
    """Blocks of bytes as one file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if not self._left:
            self._left = memoryview(next(self._blocks, b""))
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


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


def _sorted_out(form: Form, batch: list[list[str]]) -> Records:
    rows: list[list[str]] = []
    positions: list[int] = []
    broken: list[tuple[int, str, str]] = []
    for position, fields in enumerate(batch):
        row = [_decoded(field, form.encoding) for field in fields] if form.encoding else fields
        if reason := defect(row, len(form.header)):
            broken.append((position, reason, form.delimiter.join(row)))
        else:
            positions.append(position)
            rows.append(row)
    return Records(pl.DataFrame(rows, schema=form.schema, orient="row"), positions, broken)


def _decoded(field: str, encoding: str) -> str:
    """A field that held bytes of another encoding; as it is where they are none of it either."""
    if field.isascii() or not has_bad_bytes(field):
        return field
    try:
        return field.encode("utf-8", "surrogateescape").decode(encoding)
    except UnicodeDecodeError:
        return field


def has_bad_bytes(text: str) -> bool:
    """Whether bytes that were no UTF-8 stand in it, as lone surrogates."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def defect(row: Sequence[str], width: int) -> str:
    """Why a record is no row; empty for a good one."""
    if not row:
        return "not readable as CSV"
    if len(row) != width:
        return f"wrong number of fields (expected {width})"
    whole = "".join(row)
    if "\x00" in whole:
        return "null byte"
    if not whole.isascii() and has_bad_bytes(whole):
        return "not UTF-8"
    return ""
