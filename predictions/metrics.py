"""What `/metrics` tells of models."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from predictions.models import ModelVersion
from predictions.serving import serving


def models() -> Iterator[Metric]:
    """The active versions, how old they are, and those that must not serve."""
    yield from _active()
    yield _by_status()
    yield _refused_here()


def _active() -> Iterator[Metric]:
    active = GaugeMetricFamily(
        "smart311_model_active", "The version that the registry names", labels=["city", "version"]
    )
    age = GaugeMetricFamily(
        "smart311_model_age_seconds",
        "Since the moment the model was trained as of",
        labels=["city"],
    )
    now = timezone.now()
    for version in ModelVersion.objects.active().without_bytes().select_related("city"):
        active.add_metric([version.city.slug, version.version], 1)
        age.add_metric([version.city.slug], (now - version.as_of).total_seconds())
    yield active
    yield age


def _by_status() -> Metric:
    counts = GaugeMetricFamily(
        "smart311_model_versions", "Versions in the registry", labels=["city", "status"]
    )
    rows = ModelVersion.objects.order_by().values("city__slug", "status").annotate(n=Count("pk"))
    for row in rows:
        counts.add_metric([row["city__slug"], row["status"]], row["n"])
    return counts


def _refused_here() -> Metric:
    refused = GaugeMetricFamily(
        "smart311_model_refused",
        "1 where the active version could not be loaded and an older one serves, or none",
        labels=["city"],
    )
    for slug, known in serving.state().items():
        refused.add_metric([slug], float(known.refusal is not None))
    return refused
