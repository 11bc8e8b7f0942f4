"""Survival curves: how sure we are, at each hour, that a complaint is closed by then.

A curve is its cumulative hazard H at bin edges; P(open after t) = exp(−H(t)). Within a bin the
hazard is constant, so H is linear in time there and every quantile has a closed form.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

# Fine where half of all complaints close, days where working days decide, weeks at the end.
EDGES_HOURS = (
    *(0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 12.0, 18.0, 24.0),
    *(36.0, 48.0, 72.0, 96.0, 120.0, 168.0, 240.0, 336.0, 504.0, 720.0, 1440.0),
)


@dataclass(frozen=True, slots=True)
class Curve:
    """One complaint's curve.

    Parameters
    ----------
    edges
        Hours since the filing, increasing, the first is 0; the last is the horizon.
    cumulative
        Cumulative hazard at each edge, not decreasing, the first is 0.
    """

    edges: tuple[float, ...]
    cumulative: tuple[float, ...]

    @property
    def horizon_hours(self) -> float:
        """The last hour about which the curve says anything."""
        return self.edges[-1]

    def hazard_at(self, hours: float) -> float:
        """Cumulative hazard at `hours`; past the horizon the horizon's value, a lower bound."""
        if hours <= 0:
            return 0.0
        if hours >= self.edges[-1]:
            return self.cumulative[-1]
        return _between(hours, self.edges, self.cumulative)

    def closed_within(self, hours: float) -> float:
        """P(closed within `hours`); past the horizon the horizon's value, a lower bound."""
        return -math.expm1(-self.hazard_at(hours))

    def is_beyond(self, share: float) -> bool:
        """Whether the time by which `share` are closed lies past the horizon."""
        return self.cumulative[-1] < -math.log1p(-share)

    def quantile(self, share: float) -> float:
        """Hours by which `share` (0 < share < 1) are closed, at most the horizon."""
        if not 0 < share < 1:
            raise ValueError(f"got the share {share}, expected one between 0 and 1")
        target = -math.log1p(-share)
        if target >= self.cumulative[-1]:
            return self.edges[-1]
        return _between(target, self.cumulative, self.edges)

    def restricted_mean(self, hours: float) -> float:
        """Mean of min(time to close, `hours`): the area under P(open) up to `hours`."""
        end = min(hours, self.edges[-1])
        marks = [*(edge for edge in self.edges if edge < end), end]
        hazards = [self.hazard_at(mark) for mark in marks]
        area = sum(
            (right - left) * _mean_open(before, after)
            for left, right, before, after in zip(
                marks, marks[1:], hazards, hazards[1:], strict=False
            )
        )
        return area + (hours - end) * math.exp(-hazards[-1])

    def after(self, open_hours: float) -> Curve:
        """The curve of the *remaining* hours of a complaint still open after `open_hours`.

        Raises ValueError at or past the horizon, where nothing is known.
        """
        if not 0 <= open_hours < self.edges[-1]:
            raise ValueError(
                f"open for {open_hours} h, expected from 0 to below the horizon {self.edges[-1]} h"
            )
        passed = self.hazard_at(open_hours)
        later = bisect_left(self.edges, open_hours)
        later += self.edges[later] == open_hours
        edges = tuple(edge - open_hours for edge in self.edges[later:])
        # Subtraction may round a hair below zero or out of order only by equal values: max mends.
        cumulative = tuple(max(value - passed, 0.0) for value in self.cumulative[later:])
        return Curve((0.0, *edges), (0.0, *cumulative))


def _between(x: float, xs: tuple[float, ...], ys: tuple[float, ...]) -> float:
    """Linear interpolation; `x` lies above the first and not above the last of `xs`."""
    right = bisect_left(xs, x)
    left = right - 1
    fraction = (x - xs[left]) / (xs[right] - xs[left])
    return min(ys[left] + fraction * (ys[right] - ys[left]), ys[right])


def _mean_open(before: float, after: float) -> float:
    """Mean of exp(−H) while H rises evenly from `before` to `after`."""
    rise = after - before
    return math.exp(-before) * (-math.expm1(-rise) / rise if rise > 1e-12 else 1.0)


def closed_within(edges: Floats, cumulative: Floats, hours: float) -> Floats:
    """P(closed within `hours`) of many curves: (B + 1,), (n, B + 1) → (n,).

    Bit for bit `Curve.closed_within`.
    """
    right = int(np.clip(np.searchsorted(edges, hours), 1, len(edges) - 1))
    fraction = min((hours - edges[right - 1]) / (edges[right] - edges[right - 1]), 1.0)
    low, high = cumulative[:, right - 1], cumulative[:, right]
    hazards = high if fraction == 1 else np.minimum(low + fraction * (high - low), high)
    # Not np.expm1: its last digit may be another than math's.
    return np.array([-math.expm1(-hazard) for hazard in hazards.tolist()])


def quantiles(edges: Floats, cumulative: Floats, share: float) -> Floats:
    """Hours by which `share` are closed, capped at the horizon: (B + 1,), (n, B + 1) → (n,).

    Bit for bit `Curve.quantile`.
    """
    target = -math.log1p(-share)
    right = np.clip((cumulative < target).sum(axis=1), 1, len(edges) - 1)
    rows = np.arange(len(cumulative))
    low, high = cumulative[rows, right - 1], cumulative[rows, right]
    rise = np.where(high > low, high - low, 1.0)
    fraction = np.clip((target - low) / rise, 0.0, 1.0)
    hours = edges[right - 1] + fraction * (edges[right] - edges[right - 1])
    hours = np.minimum(hours, edges[right])
    return np.asarray(np.where(target >= cumulative[:, -1], edges[-1], hours))


def exposure(hours: Floats, closed: Booleans, edges: Floats) -> tuple[Integers, Floats]:
    """The last bin each row was seen in, and the share of that bin it was seen for.

    A closing at an edge belongs to the bin that ends there. A row seen to close counts its
    bin fully; a censored one by the share of the bin's hours it survived, which is its exact
    likelihood under a hazard constant within the bin. Rows past the horizon survived all bins.
    """
    count = len(edges) - 1
    last = np.clip(np.searchsorted(edges, hours, side="left") - 1, 0, count - 1)
    share = (np.minimum(hours, edges[-1]) - edges[last]) / (edges[last + 1] - edges[last])
    return last, np.where(closed & (hours <= edges[-1]), 1.0, np.clip(share, 0.0, 1.0))


@dataclass(frozen=True)
class KaplanMeier:
    """The product-limit estimate (Kaplan and Meier 1958) as a falling staircase.

    Parameters
    ----------
    hours
        Times of closings, increasing.
    open_share
        P(still open) from that time on.
    """

    hours: Floats
    open_share: Floats

    @classmethod
    def fit(cls, hours: Floats, closed: Booleans, weights: Floats | None = None) -> KaplanMeier:
        """Fit on times (n,), whether each ended in a closing, and optional weights."""
        weight = np.ones(len(hours)) if weights is None else weights
        times, position = np.unique(hours, return_inverse=True)
        left = np.bincount(position, weights=weight, minlength=len(times))
        closings = np.bincount(position, weights=weight * closed, minlength=len(times))
        at_risk = np.cumsum(left[::-1])[::-1].astype(np.float64)
        stays = 1 - closings / np.where(at_risk > 0, at_risk, 1.0)
        is_step = closings > 0
        return cls(times[is_step], np.cumprod(np.clip(stays, 0.0, 1.0))[is_step].astype(np.float64))

    def closed_within(self, hours: float) -> float:
        """P(closed within `hours`)."""
        step = int(np.searchsorted(self.hours, hours, side="right"))
        return 1.0 - float(self.open_share[step - 1]) if step else 0.0

    def quantile(self, share: float) -> float:
        """Hours by which `share` are closed; infinite if never seen."""
        step = int(np.searchsorted(-self.open_share, share - 1, side="left"))
        return float(self.hours[step]) if step < len(self.hours) else math.inf
