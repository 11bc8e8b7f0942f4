"""From complaints to the rows of a discrete-time hazard model.

A complaint gives one row for each bin it was at risk in: "closed in this bin?", no, no, yes.
A censored one gives only noes, the last weighted by the share of the bin it was watched for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from .features import Matrix
from .survival import EDGES_HOURS, Booleans, Floats, exposure

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True)
class PersonPeriods:
    """One row per complaint and bin it was at risk in.

    Parameters
    ----------
    rows
        (m, k + 1): the complaint's features and, last, the bin's number.
    closed
        (m,) whether it closed in that bin.
    weights
        (m,) the complaint's weight times the share of the bin it was watched for.
    """

    rows: Matrix
    closed: Booleans
    weights: Floats


def recency(frame: pl.DataFrame, as_of: datetime, half_life_days: float) -> Floats:
    """Weight of each complaint (n,): 1 if filed at `as_of`, half of it one half-life earlier."""
    moment = pl.lit(as_of.astimezone(UTC)).cast(pl.Datetime("us", "UTC"))
    age = (moment - pl.col("created_at")).dt.total_seconds()
    days = frame.select(age / SECONDS_PER_DAY).to_series().to_numpy()
    return np.asarray(0.5 ** (days / half_life_days))


def thin(
    hours: Floats, weights: Floats, most: int, generator: np.random.Generator
) -> tuple[npt.NDArray[np.int64], Floats]:
    """Choose complaints that give at most about `most` person-periods, and their new weights.

    Light rows are dropped at random and the survivors weigh more in proportion, so that every
    weighted sum keeps its expectation and the heavy (recent) rows all stay.
    """
    counts = exposure(hours, np.zeros(len(hours), bool), np.array(EDGES_HOURS))[0] + 1
    low, high = 0.0, float(weights.max()) * max(counts.sum() / most, 1.0)
    for _ in range(50):
        middle = (low + high) / 2
        fits = float(counts @ np.minimum(weights / middle, 1.0)) <= most
        low, high = (low, middle) if fits else (middle, high)
    if counts.sum() <= most:
        return np.arange(len(hours)), weights
    chosen = np.flatnonzero(generator.random(len(hours)) < weights / high)
    return chosen, np.maximum(weights[chosen], high)


def person_periods(
    features: Matrix, hours: Floats, closed: Booleans, weights: Floats
) -> PersonPeriods:
    """Spread complaints (n, k) over the bins they were at risk in."""
    edges = np.array(EDGES_HOURS)
    last, seen = exposure(hours, closed, edges)
    counts = last + 1
    owner = np.repeat(np.arange(len(last)), counts)
    ends = np.cumsum(counts) - 1
    weight = weights[owner]
    weight[ends] *= seen
    is_closed = np.zeros(len(owner), bool)
    is_closed[ends] = closed & (hours <= edges[-1])
    bins = np.arange(len(owner)) - np.repeat(ends - last, counts)
    # A row watched for no time at all says nothing, and scikit-learn would still count it.
    watched = weight > 0
    owner = owner[watched]
    rows = np.empty((len(owner), features.shape[1] + 1), np.float32)
    for column in range(features.shape[1]):
        rows[:, column] = features[owner, column]
    rows[:, -1] = bins[watched]
    return PersonPeriods(rows, is_closed[watched], weight[watched])
