"""Histograms of times to close on a logarithmic scale, and quantiles from them."""

from __future__ import annotations

import math

RATIO = 1.05
"""Each bin reaches 5 % further than the one before, as `complaints_hours_bin` has it in SQL. No
power of 21/20 is a whole number of seconds, so that none lies on an edge."""
LARGEST_ERROR = (RATIO - 1) / (RATIO + 1)
"""2.44 %: how far the middle of a bin can be from a time in it, as a share of that time."""

_MIDDLE = 2 * RATIO / (1 + RATIO)
"""From the lower edge of a bin to its harmonic middle, which is as far from either end, relative to
that end."""


def bin_of(seconds: float) -> int:
    """The bin of a time in seconds, above 0; below a second the number is negative."""
    return math.floor(math.log(seconds) / math.log(RATIO))


def hours_of(number: int) -> float:
    """The hours that a bin stands for."""
    return float(RATIO**number) * _MIDDLE / 3600.0


def between(lower: int, upper: int, share: float) -> float:
    """Hours at a rank that lies `share` (0 to 1) of the way between times in two bins.

    `percentile_cont` interpolates so between the two rows beside a rank. Each end is off by at
    most LARGEST_ERROR, and so is what lies between.
    """
    return hours_of(lower) * (1 - share) + hours_of(upper) * share
