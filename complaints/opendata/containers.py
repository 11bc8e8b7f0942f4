"""What a file holds, told by its first bytes: gzip, zip or plain, and how much of it is read."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
MEMBER_SUFFIXES = (".csv", ".json", ".txt", ".tsv")

MAX_BYTES = 50 * 1024**3
"""Unpacked: New York's whole 311 history is about 25 GB."""
MAX_RATIO = 200
"""Open data shrinks five- to thirtyfold; what shrinks more is a bomb."""
RATIO_COUNTS_FROM_BYTES = 32 * 1024**2
"""Small files of one repeated row shrink more, and do no harm."""


class UnreadableFile(ValueError):
    """The file as a whole is not what it should be; nothing of it was loaded."""


class Readable(Protocol):
    """A stream of bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """Up to `size` bytes; none at the end."""


@dataclass
class Measured:
    """A stream that counts what it gives, and stops at the limits."""

    stream: Readable
    packed_bytes: int
    given: int = 0

    def read(self, size: int = -1, /) -> bytes:
        """As the stream. Raises UnreadableFile beyond a limit."""
        content = self.stream.read(size)
        self.given += len(content)
        if self.given > MAX_BYTES:
            raise UnreadableFile(f"it unpacks to more than {MAX_BYTES:,} bytes")
        if self.given > max(RATIO_COUNTS_FROM_BYTES, MAX_RATIO * self.packed_bytes):
            raise UnreadableFile(f"it unpacks to more than {MAX_RATIO} times its size")
        return content


@dataclass(frozen=True)
class Opened:
    """The parts of a file, one after the other, and how far into the file itself they are read."""

    parts: Iterator[Readable]
    raw: BinaryIO

    def bytes_read(self) -> int:
        """Bytes of the file (packed) read so far."""
        return self.raw.tell()


@contextmanager
def opened(path: Path) -> Iterator[Opened]:
    """The file's content, unpacked as its first bytes say. Its name does not matter.

    Raises UnreadableFile if the packing is damaged.
    """
    with path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        size = path.stat().st_size
        try:
            if magic.startswith(ZIP_MAGIC):
                yield Opened(_members(raw), raw)
            elif magic.startswith(GZIP_MAGIC):
                stream = gzip.GzipFile(fileobj=io.BufferedReader(raw, 1024 * 1024))
                yield Opened(iter([Measured(cast(Readable, stream), size)]), raw)
            else:
                yield Opened(iter([Measured(raw, size)]), raw)
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile, NotImplementedError) as error:
            raise UnreadableFile(f"{path.name}: cannot be read to its end: {error}") from error


def _members(raw: BinaryIO) -> Iterator[Readable]:
    """The tables in an archive, by name. Nothing is written, so no path can lead astray."""
    with zipfile.ZipFile(raw) as archive:
        files = [entry for entry in archive.infolist() if not entry.is_dir()]
        tables = [one for one in files if one.filename.lower().endswith(MEMBER_SUFFIXES)]
        chosen = tables or files
        if not chosen or (len(chosen) > 1 and not tables):
            raise UnreadableFile("the archive holds no table (a .csv or .json file)")
        for entry in sorted(chosen, key=lambda one: one.filename):
            if entry.flag_bits & 1:
                raise UnreadableFile("the archive is encrypted")
            with archive.open(entry) as stream:
                yield Measured(cast(Readable, stream), entry.compress_size)
