"""Exact percentiles of hours to close, computed by PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import Aggregate, DurationField, ExpressionWrapper, F, FloatField
from django.db.models.functions import Extract

HOURS_TO_CLOSE = (
    Extract(
        ExpressionWrapper(F("closed_at") - F("created_at"), output_field=DurationField()),
        "epoch",
        output_field=FloatField(),
    )
    / 3600.0
)
"""Hours from filing to closing; null while open."""


class Percentiles(Aggregate):
    """`percentile_cont` at several levels at once: a list of floats, or None without a row."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(ARRAY[%(levels)s]::float8[]) WITHIN GROUP (ORDER BY %(expressions)s)"
    name = "Percentiles"
    output_field = ArrayField(FloatField())

    def __init__(self, *levels: float, **extra: Any) -> None:
        super().__init__(
            HOURS_TO_CLOSE, levels=", ".join(str(float(level)) for level in levels), **extra
        )
