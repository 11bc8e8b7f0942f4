"""Where simulated rows go: a file that appears whole or not at all, or an open stream."""

from __future__ import annotations

import csv
import gzip
import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from complaints.simulation.engine import Block
from complaints.simulation.rows import COLUMNS, Row


class Writable(Protocol):
    """Anything that takes text."""

    def write(self, text: str, /) -> object:
        """Take some text."""


@contextmanager
def whole_file(path: Path) -> Iterator[io.TextIOBase]:
    """A text file that takes the name `path` only when all is written; gzipped if named .gz.

    Written under another name beside it first, so that a failure leaves what was there before.
    Devices and pipes are written directly. Raises OSError.
    """
    if path.exists() and not path.is_file():
        with path.open("wb") as device, _text(device, path) as file:
            yield file
        return
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as raw, _text(raw, path) as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _text(raw: IO[bytes], path: Path) -> Iterator[io.TextIOBase]:
    if path.suffix != ".gz":
        with io.TextIOWrapper(raw, encoding="utf-8", newline="") as file:
            yield file
        return
    # No name and no time in the header: the same rows give the same bytes.
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed,
        io.TextIOWrapper(packed, encoding="utf-8", newline="") as file,
    ):
        yield file


def write_csv(
    file: Writable,
    days: Iterable[list[Block]],
    to_rows: Callable[[Block], Iterator[Row]],
) -> int:
    """Write the header and every complaint; return how many."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    written = 0
    for blocks in days:
        for block in blocks:
            writer.writerows(to_rows(block))
            written += len(block)
    return written
