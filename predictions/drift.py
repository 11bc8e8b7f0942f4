"""Whether what people complain about has moved away from what the model learned from.

The population stability index compares shares of a category before training with those of the
last days: Σ (q − p) ln(q / p). Convention calls 0.1 a small and 0.25 a large shift (Siddiqi, Credit
Risk Scorecards, 2006). Two samples of the same law differ by about (k − 1)(1/n + 1/m) (Yurdakul
2018), which is taken off, so that a quiet city with many districts does not drift by chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Count, F, Q, Value
from django.db.models.functions import Coalesce, ExtractHour

from complaints.models import City, Complaint

TRAINING_DAYS = 28
"""Whole weeks before the training, so that every weekday counts equally."""
RECENT_DAYS = 7
FEWEST_ROWS = 200
RARE_SHARE = 0.01
"""Rarer values are one: each alone would weigh by chance."""
LARGE_SHIFT = 0.25
REST = "(rest)"
COUNT = "(count)"
"""Where the number of complaints stands beside the shares."""

Shares = dict[str, dict[str, float]]


def input_shares(city: City, start: datetime, until: datetime) -> Shares:
    """Shares of types, local hours, districts and channels of complaints filed in [start, until).

    `COUNT` holds how many there were. Empty values count as one more value.
    """
    rows = Complaint.objects.filter(
        # Instant closings are bookkeeping; the model has not seen them either.
        Q(closed_at=None) | Q(closed_at__gt=F("created_at")),
        city=city,
        created_at__gte=start,
        created_at__lt=until,
    )
    inputs = {
        "complaint_type": F("complaint_type__code"),
        "hour": ExtractHour("created_at", tzinfo=city.zone),
        "district": Coalesce(F("district__code"), Value("")),
        "channel": F("channel"),
    }
    shares: Shares = {}
    for name, value in inputs.items():
        counted = (
            rows.order_by().values(value=value).annotate(n=Count("pk")).values_list("value", "n")
        )
        counts = {str(value): float(count) for value, count in counted}
        total = sum(counts.values())
        shares[name] = {value: count / total for value, count in counts.items()} | {COUNT: total}
    return shares


def before_training(city: City, as_of: datetime) -> Shares:
    """The shares that a model trained as of then is compared with."""
    return input_shares(city, as_of - timedelta(days=TRAINING_DAYS), as_of)


def drift(learned: Shares, city: City, now: datetime) -> dict[str, float]:
    """Input → index of the last week against what was learned from.

    Empty where either says too little.
    """
    recent = input_shares(city, now - timedelta(days=RECENT_DAYS), now)
    return {
        name: round(stability_index(learned[name], shares), 4)
        for name, shares in recent.items()
        if name in learned and min(learned[name].get(COUNT, 0), shares[COUNT]) >= FEWEST_ROWS
    }


def stability_index(learned: Mapping[str, float], recent: Mapping[str, float]) -> float:
    """The index of two sets of shares with their counts, less what chance alone gives; ≥ 0."""
    common = [value for value, share in learned.items() if value != COUNT and share >= RARE_SHARE]
    expected, found = _pooled(learned, common), _pooled(recent, common)
    # A share of nothing would be infinitely far away: half a complaint stands for none.
    p = {value: max(share, 0.5 / learned[COUNT]) for value, share in expected.items()}
    q = {value: max(found[value], 0.5 / recent[COUNT]) for value in expected}
    index = sum((q[value] - p[value]) * math.log(q[value] / p[value]) for value in p)
    chance = (len(p) - 1) * (1 / learned[COUNT] + 1 / recent[COUNT])
    return max(index - chance, 0.0)


def _pooled(shares: Mapping[str, float], common: list[str]) -> dict[str, float]:
    kept = {value: shares.get(value, 0.0) for value in common}
    return kept | {REST: max(1.0 - sum(kept.values()), 0.0)}
