"""Old versions give their bytes away: figures, verdict and history of each stay for ever."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from complaints.models import City
from predictions.models import ModelVersion

KEPT_SERVED = 5
"""Of those that served before, the last ones: so often can be rolled back."""
KEPT_OTHERS = 5
"""Of those that do not serve and were refused, withdrawn or never let in, the newest."""


def prune(city: City, now: datetime) -> list[str]:
    """Drop the bytes of a city's old versions; answers their names.

    The serving one keeps them, and so do the KEPT_SERVED last before it and the KEPT_OTHERS newest.
    """
    with transaction.atomic():
        # The lock of activations: none of these can begin to serve meanwhile.
        City.objects.select_for_update().get(pk=city.pk)
        versions = ModelVersion.objects.filter(city=city, pruned_at=None)
        served = versions.filter(status=ModelVersion.Status.RETIRED, activated_at__isnull=False)
        others = versions.exclude(pk__in=served.values("pk")).exclude(
            status=ModelVersion.Status.ACTIVE
        )
        old = [
            *served.order_by("-activated_at", "-pk").values_list("pk", "version")[KEPT_SERVED:],
            *others.order_by("-trained_at", "-pk").values_list("pk", "version")[KEPT_OTHERS:],
        ]
        ModelVersion.objects.filter(pk__in=[key for key, _ in old]).update(
            onnx=b"", rehearsal_onnx=None, rehearsal_header=None, pruned_at=now
        )
    return [name for _, name in old]
