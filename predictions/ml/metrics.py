"""Errors of forecasts on restricted time min(T, R), where every row is fully observed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from .survival import Booleans, Floats, KaplanMeier, closed_within, quantiles

# Interval in per cent → its lower and upper share.
INTERVALS = {80: (0.1, 0.9), 90: (0.05, 0.95)}
PINBALL_SHARES = (0.1, 0.5, 0.9)
SHARES = (0.05, 0.1, 0.5, 0.9, 0.95)
CALIBRATION_BINS = 10
BRIER_HOURS = (24, 72, 168)
# Pairs grow with the square of the rows; the sample's error of C is about 0.002.
CONCORDANCE_ROWS = 4_000

Metrics = dict[str, Any]
"""Name → error; `calibration_24` and so on → their bins."""


class Bin(TypedDict):
    """Complaints that were told about the same chance: what was said, what came true."""

    said: float
    closed: float
    rows: int


@dataclass(frozen=True)
class Outlook:
    """What one model said about each of n complaints.

    Parameters
    ----------
    quantiles
        Share → hours (n,), infinite where the model never gets there. All have the median.
    closed_within
        Hours → P(closed within) (n,).
    """

    quantiles: dict[float, Floats]
    closed_within: dict[int, Floats]

    @classmethod
    def of_hours(cls, hours: Floats) -> Outlook:
        """From single numbers (n,): a median and nothing else."""
        return cls({0.5: hours}, {})

    @classmethod
    def of_curves(cls, edges: Floats, cumulative: Floats) -> Outlook:
        """From curves: (B + 1,), (n, B + 1)."""
        return cls(
            {share: quantiles(edges, cumulative, share) for share in SHARES},
            {hours: closed_within(edges, cumulative, hours) for hours in BRIER_HOURS},
        )

    @classmethod
    def of_groups(cls, estimates: list[KaplanMeier], group: npt.NDArray[np.int64]) -> Outlook:
        """From one estimate per group and each complaint's group (n,)."""

        def spread(values: list[float]) -> Floats:
            return np.array(values)[group]

        return cls(
            {share: spread([one.quantile(share) for one in estimates]) for share in SHARES},
            {
                hours: spread([one.closed_within(hours) for one in estimates])
                for hours in BRIER_HOURS
            },
        )

    def rows(self, chosen: Booleans) -> Outlook:
        """The outlook of some of the complaints."""
        return Outlook(
            {share: hours[chosen] for share, hours in self.quantiles.items()},
            {hours: shares[chosen] for hours, shares in self.closed_within.items()},
        )


def measure(outlook: Outlook, hours: Floats, restrict_hours: float) -> Metrics:
    """All errors of an outlook against true hours (n,), infinite while open.

    The point forecast of min(T, R) under absolute error is its median, min(median, R).
    """
    truth = np.minimum(hours, restrict_hours)
    guesses = {s: np.minimum(found, restrict_hours) for s, found in outlook.quantiles.items()}
    median = guesses[0.5]
    error = np.abs(truth - median)
    metrics = {
        "rows": float(len(hours)),
        "mae_hours": error.mean(),
        "median_ae_hours": np.median(error),
        "mae_log": np.abs(np.log1p(truth) - np.log1p(median)).mean(),
    }
    for within in _within(outlook, restrict_hours):
        miss = (hours <= within) - outlook.closed_within[within]
        metrics[f"brier_{within}"] = (miss**2).mean()
    for share in PINBALL_SHARES:
        if share in guesses:
            metrics[f"pinball_{share * 100:.0f}"] = pinball(truth, guesses[share], share)
    for interval, (low, high) in INTERVALS.items():
        if low in guesses:
            is_inside = (guesses[low] <= truth) & (truth <= guesses[high])
            metrics[f"coverage_{interval}"] = is_inside.mean()
            metrics[f"width_{interval}_hours"] = (guesses[high] - guesses[low]).mean()
    metrics["concordance"] = concordance(truth, hours <= restrict_hours, median)
    return {name: round(float(value), 5) for name, value in metrics.items()}


def _within(outlook: Outlook, restrict_hours: float) -> list[int]:
    return [hours for hours in outlook.closed_within if hours <= restrict_hours]


def calibration(outlook: Outlook, hours: Floats, restrict_hours: float) -> dict[str, list[Bin]]:
    """For each horizon: what was said to be closed by then, and what was, in ten equal bins."""
    return {
        f"calibration_{within}": _bins(outlook.closed_within[within], hours <= within)
        for within in _within(outlook, restrict_hours)
    }


def _bins(said: Floats, closed: Booleans) -> list[Bin]:
    number = np.clip((said * CALIBRATION_BINS).astype(int), 0, CALIBRATION_BINS - 1)
    return [
        Bin(
            said=round(float(said[number == place].mean()), 5),
            closed=round(float(closed[number == place].mean()), 5),
            rows=int((number == place).sum()),
        )
        for place in np.unique(number)
    ]


def pinball(truth: Floats, guess: Floats, share: float) -> float:
    """Quantile loss: lowest on average for the true quantile."""
    over = truth - guess
    return float(np.maximum(share * over, (share - 1) * over).mean())


def concordance(hours: Floats, closed: Booleans, guess: Floats) -> float:
    """Harrell's C: share of comparable pairs in the right order, ties of the guess half.

    Over a fixed sample of at most `CONCORDANCE_ROWS` rows; 0.5 without comparable pairs.
    """
    if len(hours) > CONCORDANCE_ROWS:
        chosen = np.random.default_rng(0).permutation(len(hours))[:CONCORDANCE_ROWS]
        hours, closed, guess = hours[chosen], closed[chosen], guess[chosen]
    right = pairs = 0.0
    for at in np.flatnonzero(closed):
        later = hours > hours[at]
        pairs += later.sum()
        right += (guess[later] > guess[at]).sum() + 0.5 * (guess[later] == guess[at]).sum()
    return right / pairs if pairs else 0.5
