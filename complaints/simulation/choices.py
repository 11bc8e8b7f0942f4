"""Weighted random choices for many rows at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Keeps `group + share` below the next group when the share is rounded in the sum.
BELOW_ONE = 1 - 1e-9


class Choices:
    """Groups of weighted options, laid end to end: group 0's options come first, then group 1's.

    Options are numbered through all groups; `shares` (n,) sum to 1 in each group.
    """

    def __init__(self, groups: Sequence[Sequence[float]]) -> None:
        sizes = np.array([len(group) for group in groups])
        if not len(sizes) or sizes.min() == 0:
            raise ValueError(f"expected options in each group, got sizes {sizes.tolist()[:50]}")
        self.starts: Integers = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        normal = [np.asarray(group, dtype=np.float64) / sum(group) for group in groups]
        self.shares: Floats = np.concatenate(normal)
        self.group_of: Integers = np.repeat(np.arange(len(groups)), sizes).astype(np.int64)
        edges = [index + np.cumsum(shares) for index, shares in enumerate(normal)]
        for index, upper in enumerate(edges):
            upper[-1] = index + 1
        self._edges: Floats = np.concatenate(edges)

    def pick(self, group: Integers, random: np.random.Generator) -> Integers:
        """One option for each row's group (n,), by weight."""
        at = group + random.random(len(group)) * BELOW_ONE
        return np.searchsorted(self._edges, at, side="right").astype(np.int64)

    def mean(self, values: Floats) -> Floats:
        """Each group's weighted mean of its options' `values`."""
        return np.asarray(np.bincount(self.group_of, weights=self.shares * values))

    def variance(self, values: Floats) -> Floats:
        """Each group's weighted variance of its options' `values`."""
        return self.mean(values**2) - self.mean(values) ** 2
