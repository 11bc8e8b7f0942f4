"""How much is open, by agency and part of town: a long queue makes for slow work."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from complaints.simulation.choices import Floats, Integers

BLOCK_HOURS = 6
BLOCKS_A_DAY = 24 // BLOCK_HOURS
HORIZON_BLOCKS = 14 * BLOCKS_A_DAY
"""Longer-lived complaints lie in another pile and slow nobody down."""
LEARNING_DAYS = 7
FORGETTING = 1 - 1 / 28
"""Weight that a day keeps in what is usual, from one day to the next."""
CUSHION = 5.0
"""Complaints added to both sides of the ratio, so that one more of few is no crisis."""


class Backlog:
    """Open complaints of each queue (queues,), and how that compares with their usual number."""

    def __init__(self, queues: int) -> None:
        self._open = np.zeros(queues)
        self._closings: Floats = np.zeros((HORIZON_BLOCKS, queues))
        self._logs = np.zeros((BLOCKS_A_DAY, queues))
        self._weights = np.zeros((BLOCKS_A_DAY, queues))
        self._block = 0

    def pressure(self) -> Floats:
        """Log ratio of open to usual at this time of day, within ±1; 0 while still learning.

        Its mean over the complaints filed is about 0: what is usual is weighted by filings, or
        busy days, with their long queues, would make everything slower on average.
        """
        if self._block < LEARNING_DAYS * BLOCKS_A_DAY:
            return np.zeros(len(self._open))
        now = self._block % BLOCKS_A_DAY
        size = np.log(self._open + CUSHION)
        usual = (self._logs[now] + size) / (self._weights[now] + 1)
        return np.asarray((size - usual).clip(-1, 1))

    def advance(self, queue: Integers, hours: Floats) -> None:
        """Take in a block's rows, each open for `hours`, and move on to the next block."""
        queues = len(self._open)
        filed = np.bincount(queue, minlength=queues)
        self._learn(filed)
        blocks = np.minimum(hours / BLOCK_HOURS, HORIZON_BLOCKS).astype(np.int64)
        lasting = blocks < HORIZON_BLOCKS
        slots = (self._block + blocks[lasting]) % HORIZON_BLOCKS
        np.add.at(self._closings, (slots, queue[lasting]), 1)
        self._open += np.bincount(queue[lasting], minlength=queues)
        now = self._block % HORIZON_BLOCKS
        self._open -= self._closings[now]
        self._closings[now] = 0
        self._block += 1

    def _learn(self, filed: Integers) -> None:
        now = self._block % BLOCKS_A_DAY
        self._logs[now] = FORGETTING * self._logs[now] + filed * np.log(self._open + CUSHION)
        self._weights[now] = FORGETTING * self._weights[now] + filed


def queue_of(agency: Integers, borough: Integers, boroughs: int) -> NDArray[np.int64]:
    """Number of a row's queue."""
    return agency * boroughs + borough
