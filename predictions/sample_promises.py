"""Promises for the synthetic sample, as they would have been given at filing.

The sample arrives already filed, so nobody promised anything, and a new install could not show
whether promises are kept. A model trained before a complaint was filed tells what it would have
said: the active version, or for the week before it its rehearsal, which has not seen that week
either. Real complaints are never given a promise afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from complaints.intake import forecast_query
from complaints.models import City, Complaint
from complaints.sample import SOURCE
from predictions.forecasting import features_of
from predictions.ml.header import ModelError, read_header
from predictions.ml.runtime import Forecast, Forecaster
from predictions.models import ModelVersion

BATCH = 5_000


@dataclass(frozen=True)
class Promiser:
    """A model, the name under which it promises, and from when on it may."""

    name: str
    forecaster: Forecaster
    since: datetime

    @classmethod
    def of(cls, name: str, onnx: Any, header: dict[str, Any]) -> Promiser:
        """From stored bytes. Raises ModelError."""
        return cls(name, Forecaster.load(bytes(onnx), header), read_header(header).as_of)


def promise_sample(city: City, now: datetime) -> int:
    """Give the sample's complaints without a promise one that is honest; answers how many."""
    version = ModelVersion.objects.active().filter(city=city).first()
    if version is None:
        return 0
    promisers = [Promiser.of(version.version, version.onnx, version.header)]
    if version.rehearsal_onnx is not None and version.rehearsal_header is not None:
        name = f"{version.version}-rehearsal"
        # One that an older program trained may not load any more; then it promises nothing.
        with suppress(ModelError):
            promisers.append(Promiser.of(name, version.rehearsal_onnx, version.rehearsal_header))
    until, count = now, 0
    for promiser in promisers:
        count += _promise(city, promiser, until)
        until = min(until, promiser.since)
    return count


def _promise(city: City, promiser: Promiser, until: datetime) -> int:
    rows = Complaint.objects.with_names().filter(
        city=city,
        source=SOURCE,
        promised_by="",
        created_at__gte=promiser.since,
        created_at__lt=until,
    )
    complaints = list(rows)
    for start in range(0, len(complaints), BATCH):
        _promise_batch(complaints[start : start + BATCH], promiser)
    return len(complaints)


@transaction.atomic
def _promise_batch(complaints: Sequence[Complaint], promiser: Promiser) -> None:
    queries = [features_of(forecast_query(complaint)) for complaint in complaints]
    forecasts: list[Forecast] = promiser.forecaster.forecast_many(queries)
    for complaint, forecast in zip(complaints, forecasts, strict=True):
        complaint.promised_median_hours = forecast.median_hours
        complaint.promised_p10_hours = forecast.p10_hours
        complaint.promised_p90_hours = forecast.p90_hours
        complaint.promised_by = promiser.name
        # Else the next counting of promises would not look at them.
        complaint.updated_at = Now()
    names = ("median_hours", "p10_hours", "p90_hours", "by")
    fields = [*(f"promised_{name}" for name in names), "updated_at"]
    Complaint.objects.bulk_update(complaints, fields, batch_size=1_000)
