"""Hours to closing, drawn from measured quantiles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from complaints.simulation.choices import Floats, Integers

DEVIATES = np.linspace(-4, 4, 401)
"""Standard normal deviates at which the quantiles are tabulated."""
SHARES = np.array([0.5 * (1 + math.erf(z / math.sqrt(2))) for z in DEVIATES])
LEAST_HOURS = 1 / 3600


@dataclass(frozen=True)
class Durations:
    """For each measured curve: log hours at DEVIATES (curves, 401), and the share that closes."""

    log_hours: Floats
    closed_share: Floats

    @classmethod
    def of(cls, curves: dict[str, Any]) -> Durations:
        """Tabulate `{key: {"shares": […], "hours": […]}}`; a curve may be empty (never closes)."""
        log_hours = np.zeros((len(curves), len(DEVIATES)))
        closed_share = np.zeros(len(curves))
        for index, curve in enumerate(curves.values()):
            if curve["hours"]:
                hours = np.maximum(curve["hours"], LEAST_HOURS)
                shares = [0.0, *curve["shares"]]
                log_hours[index] = np.interp(SHARES, shares, np.log([hours[0] / 2, *hours]))
                closed_share[index] = shares[-1]
        return cls(log_hours, closed_share)

    def hours(self, curve: Integers, deviate: Floats) -> Floats:
        """Hours (n,) at a deviate of each row's curve; infinite beyond the share that closes."""
        at = (deviate.clip(-3.999, 3.999) - DEVIATES[0]) / (DEVIATES[1] - DEVIATES[0])
        low = at.astype(np.int64)
        part = at - low
        table = self.log_hours
        log_hours = table[curve, low] * (1 - part) + table[curve, low + 1] * part
        share = SHARES[low] * (1 - part) + SHARES[low + 1] * part
        return np.where(share > self.closed_share[curve], np.inf, np.exp(log_hours))
