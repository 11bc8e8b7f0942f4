"""Histograms of many groups at once: as the database sends them, and quantiles from them.

A histogram travels as two strings of bytes, the bins and their counts, each a run of elements as
`array_send` writes them (a length of four bytes, then the value, all big-endian). Runs of several
roll-up rows stand one behind the other, so that a bin may come more than once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

BINS = "string_agg(substring(array_send(bins) FROM 21), '')"
"""SQL that puts the arrays `bins` of a group together; the header of one has 20 bytes."""
COUNTS = "string_agg(substring(array_send(counts) FROM 21), '')"
"""The same for `counts`."""

_BIN = np.dtype([("length", ">i4"), ("value", ">i2")])
_COUNT = np.dtype([("length", ">i4"), ("value", ">i4")])
ROUNDING = 1e-9
"""Three of six may come out as a little more than half."""

Matrix = NDArray[np.float64]
Bins = list[int | None]
"""A bin for each group, None where there is none."""


def unpacked(text: Any) -> bytes:
    """A value of type bytea, from the driver or from JSON; nothing for null."""
    if text is None:
        return b""
    return bytes.fromhex(text[2:]) if isinstance(text, str) else bytes(text)


@dataclass(frozen=True)
class Histograms:
    """How many times lie in each bin from `first` on: `closed` and `waiting` are (groups, bins)."""

    first: int
    closed: Matrix
    waiting: Matrix

    @classmethod
    def read(cls, rows: Sequence[Sequence[Any]]) -> Histograms:
        """From three strings of each group: bins, their counts, and the bins of those waiting."""
        bins = [unpacked(row[0]) for row in rows]
        waits = [unpacked(row[2]) for row in rows]
        numbers = np.frombuffer(b"".join(bins), _BIN)["value"].astype(np.int64)
        counts = np.frombuffer(b"".join(unpacked(row[1]) for row in rows), _COUNT)["value"]
        waited = np.frombuffer(b"".join(waits), _BIN)["value"].astype(np.int64)
        all_numbers = np.concatenate([numbers, waited, [0]])
        first, last = int(all_numbers.min()), int(all_numbers.max())
        shape = len(rows), last - first + 1
        return cls(
            first,
            _summed(shape, bins, numbers - first, counts),
            _summed(shape, waits, waited - first, np.ones(len(waited))),
        )

    def total(self) -> Histograms:
        """All groups as one."""
        return Histograms(
            self.first, self.closed.sum(0, keepdims=True), self.waiting.sum(0, keepdims=True)
        )

    def quantiles(self, level: float) -> tuple[Bins, Bins]:
        """Of each group the bins of the times beside a rank, among the closed ones."""
        up_to = self.closed.cumsum(axis=1)
        # Of nothing the rank is below 0, and no bin has more than 0 up to it.
        rank = np.maximum(level * (up_to[:, -1:] - 1), 0)
        return self._first(up_to > np.floor(rank)), self._first(up_to > np.ceil(rank))

    def survived(self, level: float) -> Bins:
        """Of each group the bin by whose end a share `level` of all is closed.

        Kaplan and Meier's product; whoever waits in a bin is there, on average, for half of it.
        """
        both = self.closed + self.waiting
        at_risk = both[:, ::-1].cumsum(axis=1)[:, ::-1] - self.waiting / 2
        closed = np.divide(self.closed, at_risk, out=np.zeros_like(at_risk), where=at_risk != 0)
        surviving = np.exp(np.log(np.maximum(1 - closed, 1e-12)).cumsum(axis=1))
        return self._first(surviving <= 1 - level + ROUNDING)

    def _first(self, holds: NDArray[np.bool_]) -> Bins:
        """Of each group the first bin for which something holds."""
        found = np.where(holds.any(axis=1), holds.argmax(axis=1), -1).tolist()
        return [None if place < 0 else place + self.first for place in found]


def _summed(
    shape: tuple[int, int],
    parts: Sequence[bytes],
    places: NDArray[np.int64],
    counts: NDArray[Any],
) -> Matrix:
    groups = np.repeat(np.arange(shape[0]), [len(part) // _BIN.itemsize for part in parts])
    summed = np.bincount(groups * shape[1] + places, counts, minlength=shape[0] * shape[1])
    return summed.astype(np.float64, copy=False).reshape(shape)
