"""Chances that were promised beside the shares that came true, in tenths of the chance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet, Sum

from predictions.models import ChanceCount, ModelVersion
from predictions.promises import WITHIN_HOURS

FEWEST = 20
"""Of fewer complaints a share says little: they are left out."""


@dataclass(frozen=True)
class Tenth:
    """Complaints with nearly the same chance: its mean, and the share that was closed in time."""

    said: float
    closed: float
    complaints: int


Reliability = dict[int, list[Tenth]]
"""By hours from filing; tenths with too few complaints, and hours without any, are left out."""


def lived_reliability(counts: QuerySet[ChanceCount]) -> Reliability:
    """Of promises that were made; one query."""
    rows = counts.order_by("within_hours", "tenth").values_list("within_hours", "tenth")
    found: Reliability = {}
    for within, _tenth, complaints, closed, said in rows.annotate(
        Sum("complaints"), Sum("closed"), Sum("said_millionths")
    ):
        if complaints >= FEWEST:
            tenth = Tenth(said / complaints / 1e6, closed / complaints, complaints)
            found.setdefault(within, []).append(tenth)
    return found


def reliability_of(version: ModelVersion) -> Reliability:
    """Of the promises that one version made."""
    counts = ChanceCount.objects.filter(model=version.version, city=version.city_id)
    return lived_reliability(counts)


def tested_reliability(metrics: Mapping[str, Any]) -> Reliability:
    """Of a version's test, as its evaluation has it."""
    overall = metrics.get("models", {}).get("forecast", {}).get("overall", {})
    bins = {hours: overall.get(f"calibration_{hours}", ()) for hours in WITHIN_HOURS}
    return {
        hours: [
            Tenth(one["said"], one["closed"], int(one["rows"]))
            for one in found
            if one["rows"] >= FEWEST
        ]
        for hours, found in bins.items()
        if any(one["rows"] >= FEWEST for one in found)
    }
