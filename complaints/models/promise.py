"""What the numbers of a stored promise mean."""

from __future__ import annotations

HORIZON_HOURS = 1440.0
"""Sixty days, the last hour that models speak of: a quantile past it is stored as this number."""


def is_beyond_horizon(median_hours: float | None) -> bool:
    """Whether a promised median stands for a later one."""
    return median_hours is not None and median_hours >= HORIZON_HOURS
