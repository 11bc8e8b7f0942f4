"""What the numbers of a stored promise mean."""

from __future__ import annotations

from typing import Any

from django.db.models import DateTimeField, F, Func
from django.db.models.expressions import Combinable

HORIZON_HOURS = 1440.0
"""Sixty days, the last hour that models speak of: a quantile past it is stored as this number."""


def is_beyond_horizon(median_hours: float | None) -> bool:
    """Whether a promised median stands for a later one."""
    return median_hours is not None and median_hours >= HORIZON_HOURS


class Deadline(Func):
    """Until when a complaint should be closed: what the city promised, else the forecast's p90.

    Null where neither is known, or the range has no end. A function of ours, because PostgreSQL
    lets no index add an interval to a time.
    """

    function = "complaints_deadline"
    output_field = DateTimeField()

    def __init__(self, *columns: str | Combinable, **extra: Any) -> None:
        super().__init__(*(columns or (F("due_at"), F("created_at"), F("promised_p90_hours"))))


class LikelyLate(Func):
    """From when on a complaint that still waits is more likely than not to miss its deadline.

    Null where nothing was promised, or the range has no end. It does not change as time goes by.
    """

    function = "complaints_likely_late_at"
    output_field = DateTimeField()

    def __init__(self, *columns: str | Combinable, **extra: Any) -> None:
        promised = (F(f"promised_{name}_hours") for name in ("p10", "median", "p90"))
        super().__init__(*(columns or (F("due_at"), F("created_at"), *promised)))
