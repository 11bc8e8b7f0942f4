"""Rows that could not be loaded, as CSV that is safe to open, for download."""

from __future__ import annotations

import csv
import gzip
import io
import re

MOST_ROWS = 100_000
"""So many are kept; a file with more is another form than it was taken for."""
HEADER = ("row", "reason", "record")

_FORMULA = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")


def safe_cell(text: str) -> str:
    """Text that no spreadsheet takes for a formula: unless it is a number, an apostrophe leads."""
    is_formula = bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


class Rejects:
    """A CSV file in memory, packed as it grows."""

    def __init__(self, packed: bytes = b"") -> None:
        """`packed` is what an earlier part of the same import rejected."""
        self.count = 0
        self._goes_on = bool(packed)
        self._bytes = io.BytesIO(packed)
        self._bytes.seek(0, io.SEEK_END)
        # Packed streams one after the other are one stream.
        self._text = io.TextIOWrapper(
            gzip.GzipFile(fileobj=self._bytes, mode="wb", mtime=0), encoding="utf-8", newline=""
        )
        self._writer = csv.writer(self._text)
        if not packed:
            self._writer.writerow(HEADER)

    def add(self, number: int, reason: str, record: str) -> None:
        """Take a row, if there is room."""
        self.count += 1
        if self.count <= MOST_ROWS:
            plain = record.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")
            self._writer.writerow([number, reason, safe_cell(plain)])

    def packed(self) -> bytes:
        """The whole as gzip; nothing can be added afterwards. Empty without rows."""
        self._text.close()
        return self._bytes.getvalue() if self.count or self._goes_on else b""
