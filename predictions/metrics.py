"""What `/metrics` tells of models."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from predictions.models import ForecastWatch, ModelVersion
from predictions.serving import serving
from predictions.watch import recent_accuracy


def models() -> Iterator[Metric]:
    """The active versions, how old they are, and those that must not serve."""
    yield from _active()
    yield _by_status()
    yield _refused_here()


def forecasts() -> Iterator[Metric]:
    """Promises kept, drift of the inputs, and whether a training is called for."""
    kept = GaugeMetricFamily(
        "smart311_promises_kept_ratio",
        "Of the 80 % ranges given in the last four weeks that have passed, the share kept",
        labels=["city"],
    )
    due = GaugeMetricFamily(
        "smart311_promises_due", "Ranges of the last four weeks that have passed", labels=["city"]
    )
    drift = GaugeMetricFamily(
        "smart311_input_drift",
        "Population stability index of the last week",
        labels=["city", "input"],
    )
    alerts = GaugeMetricFamily(
        "smart311_forecast_alerts", "Reasons to train again", labels=["city"]
    )
    now = timezone.now()
    for watch in ForecastWatch.objects.select_related("city"):
        slug = watch.city.slug
        found = recent_accuracy(watch.city, now)
        due.add_metric([slug], found.due if found else 0)
        if found:
            kept.add_metric([slug], found.kept)
        for name, index in watch.drift.items():
            drift.add_metric([slug, name], index)
        alerts.add_metric([slug], len(watch.alerts))
    yield from (kept, due, drift, alerts)


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
