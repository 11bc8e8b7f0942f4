"""Files of any size and packing as batches of text columns, with a row's number kept beside it."""

from __future__ import annotations

import codecs
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from complaints.opendata.containers import Readable, UnreadableFile, opened
from complaints.opendata.csv_blocks import MAX_FIELD_CHARACTERS, Records, defect, read_form, records
from complaints.opendata.json_rows import Row, json_rows
from complaints.opendata.mapping import normalised

START_BYTES = 1024 * 1024
"""So much tells the form of a file: its header and its encoding."""
JSON_ROWS = 10_000
MAX_ROWS = 200_000_000
UTF8 = "utf-8"
FALLBACK = "cp1252"
"""Of files with no UTF-8 in them: Windows' Latin alphabet, which holds Latin-1's letters."""


@dataclass(frozen=True)
class Batch:
    """Some rows of a file: a text column for each of its columns (normalised), and `row`.

    `broken` are rows that are not even rows: number, reason and what stood there.
    """

    frame: pl.DataFrame
    broken: list[tuple[int, str, str]]
    bytes_read: int


def read_batches(path: Path, encoding: str = "") -> Iterator[Batch]:
    """Read a CSV or JSON file, plain, gzip or zip; all told by its bytes, not by its name.

    Rows are numbered from 1, headers not counted, on through all tables of an archive. Rows that
    are not UTF-8 are read in `encoding`, where one is given. Raises UnreadableFile if there is no
    header, the packing is damaged or a limit is passed.
    """
    with opened(path) as content:
        rows = 0
        for part in content.parts:
            for found in _records(part, encoding):
                yield _numbered(found, rows, content.bytes_read())
                rows += found.count
                if rows > MAX_ROWS:
                    raise UnreadableFile(f"it has more than {MAX_ROWS:,} rows")


def read_header(path: Path) -> list[str]:
    """The column names of a file (normalised). Raises UnreadableFile if there are none."""
    first = next(read_batches(path), None)
    if first is None:
        raise UnreadableFile("the file is empty")
    return [name for name in first.frame.columns if name != "row"]


def read_json(body: Readable, before: int = 0) -> Iterator[Batch]:
    """Rows of a JSON document in memory, numbered after `before`. Raises UnreadableFile."""
    for found in _of_json(json_rows(body, b"")):
        yield _numbered(found, before, 0)
        before += found.count


def _numbered(found: Records, before: int, bytes_read: int) -> Batch:
    numbers = (
        pl.int_range(before + 1, before + 1 + len(found.frame), eager=True)
        if found.positions is None
        else pl.Series([before + 1 + position for position in found.positions], dtype=pl.Int64)
    )
    frame = found.frame.rename(_distinct(found.frame.columns))
    broken = [(before + 1 + position, reason, text) for position, reason, text in found.broken]
    return Batch(frame.with_columns(numbers.alias("row")), broken, bytes_read)


def _distinct(columns: list[str]) -> dict[str, str]:
    """Each column's normalised name; a later one of the same name gets a number."""
    names: dict[str, str] = {}
    taken = {"row"}
    for column in columns:
        plain = normalised(column) or "column"
        names[column] = f"{plain}_{len(taken) + 1}" if plain in taken else plain
        taken.add(names[column])
    return names


def _records(part: Readable, encoding: str) -> Iterator[Records]:
    start = _start(part)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        part, start = _Transcoded(part, start, "utf-16"), b""
        start = _start(part)
    start = start.removeprefix(codecs.BOM_UTF8)
    if start.lstrip()[:1] in (b"[", b"{"):
        yield from _of_json(json_rows(part, start))
        return
    line, _, rest = start.partition(b"\n")
    encoding = encoding or sniffed(start)
    form = read_form(_decoded_header(line, encoding), encoding)
    empty = Records(pl.DataFrame(schema=form.schema), None, [])
    yield from itertools.chain([empty], records(form, rest, part))


def _start(part: Readable) -> bytes:
    """The first megabyte; a stream may give less at a time."""
    start = b""
    while len(start) < START_BYTES and (more := part.read(START_BYTES - len(start))):
        start += more
    return start


def sniffed(start: bytes) -> str:
    """The encoding of a file that has no UTF-8 in it but bytes beyond ASCII; else nothing.

    One bad row in a UTF-8 file is a bad row, not another encoding.
    """
    # The megabyte may end within a character: its last bytes say nothing.
    text = start[:-4].decode(UTF8, "surrogateescape")
    beyond = [] if text.isascii() else [one for one in text if one > "\x7f"]
    is_foreign = bool(beyond) and all("\udc80" <= one <= "\udcff" for one in beyond)
    return FALLBACK if is_foreign else ""


def _decoded_header(line: bytes, encoding: str) -> str:
    try:
        return line.decode(UTF8)
    except UnicodeDecodeError:
        return line.decode(encoding or FALLBACK, "replace")


class _Transcoded:
    """A stream in another encoding, as UTF-8."""

    def __init__(self, stream: Readable, start: bytes, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
        self._ready = self._decoder.decode(start).encode()

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes of UTF-8 or a little more; none at the end."""
        ready, self._ready = self._ready, b""
        while not ready:
            more = self._stream.read(size)
            ready = self._decoder.decode(more, final=not more).encode("utf-8", "replace")
            if not more:
                break
        return ready


def _of_json(rows: Iterator[Row | str]) -> Iterator[Records]:
    while batch := list(itertools.islice(rows, JSON_ROWS)):
        good: list[Row] = []
        positions: list[int] = []
        broken: list[tuple[int, str, str]] = []
        for position, row in enumerate(batch):
            if reason := _json_defect(row):
                broken.append((position, reason, str(row)))
            else:
                good.append(row)  # type: ignore[arg-type]
                positions.append(position)
        columns = dict.fromkeys(name for row in good for name in row)
        schema = dict.fromkeys(columns, pl.String)
        yield Records(pl.DataFrame(good, schema=schema), positions, broken)


def _json_defect(row: Row | str) -> str:
    if isinstance(row, str):
        return "not a JSON object"
    values = [value for value in row.values() if value is not None]
    if any(len(value) > MAX_FIELD_CHARACTERS for value in values):
        return f"a field is longer than {MAX_FIELD_CHARACTERS} characters"
    return defect(values or [""], len(values) or 1)
