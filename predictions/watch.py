"""Watching a city's forecasts: when they no longer fit, somebody is told and they are renewed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from complaints.models import City, Complaint
from predictions.drift import LARGE_SHIFT, drift
from predictions.models import ForecastWatch, ModelVersion, PromiseCount
from predictions.promises import Accuracy
from predictions.registry import serving_version

COVERAGE_DAYS = 28
LEAST_COVERAGE, MOST_COVERAGE = 0.72, 0.88
"""Of the 80 % range; with `FEWEST_DUE` promises chance alone moves it by less than 0.06."""
FEWEST_DUE = 200
FRESH = timedelta(hours=24)
"""A model is renewed daily: trained five days earlier, the mean error was 23.6 h, not 21.5."""
FEWEST_NEW = 100
"""Complaints filed or closed since the training; with fewer there is nothing to learn."""
PATIENCE = timedelta(hours=20)
"""A training that changed nothing, because the gate refused, is not tried again at once."""


@transaction.atomic
def check(city: City, now: datetime) -> ForecastWatch:
    """Look at drift and coverage now, and keep what was found."""
    watch, _ = ForecastWatch.objects.select_for_update().get_or_create(city=city)
    active = active_version(city)
    inputs = active.header.get("inputs", {}) if active else {}
    watch.drift = drift(inputs, city, now)
    watch.alerts = [*_drift_alerts(watch.drift), *_coverage_alerts(city, now)]
    watch.checked_at = now
    watch.save(update_fields=["drift", "alerts", "checked_at"])
    return watch


def active_version(city: City) -> ModelVersion | None:
    """The version that serves the city, with its header and without its bytes."""
    return (
        ModelVersion.objects.active()
        .defer("onnx", "rehearsal_onnx", "rehearsal_header")
        .filter(city=city)
        .first()
    )


def recent_accuracy(city: City, now: datetime) -> Accuracy | None:
    """How the promises to complaints filed in the last four weeks came out, whoever made them."""
    since = city.localise(now - timedelta(days=COVERAGE_DAYS)).date()
    totals = PromiseCount.objects.filter(city=city).filed_since(since).totals("city").first()
    return Accuracy.of(totals) if totals else None


def _drift_alerts(found: dict[str, float]) -> list[str]:
    return [
        f"{name} has drifted since the training: index {index}, expected below {LARGE_SHIFT}"
        for name, index in found.items()
        if index >= LARGE_SHIFT
    ]


def _coverage_alerts(city: City, now: datetime) -> list[str]:
    found = recent_accuracy(city, now)
    if found is None or found.due < FEWEST_DUE or LEAST_COVERAGE <= found.kept <= MOST_COVERAGE:
        return []
    return [
        f"{found.kept:.0%} of {found.due} promises of the last {COVERAGE_DAYS} days were kept, "
        f"expected {LEAST_COVERAGE:.0%} to {MOST_COVERAGE:.0%}"
    ]


def reasons_to_train(city: City, now: datetime) -> list[str]:
    """Why a training is due, in words; none where there is no reason, or one was just tried."""
    watch = check(city, now)
    if watch.retraining_at and now - watch.retraining_at < PATIENCE:
        return []
    active = active_version(city)
    if active is None:
        return ["no model is active"] if _news(city, None, now) else []
    reasons = list(watch.alerts)
    if not serving_version(city.slug):
        reasons.append(f"{active.version} cannot be loaded")
    news = _news(city, active.as_of, now)
    if now - active.as_of > FRESH and news:
        reasons.append(
            f"{active.version} is older than a day, and {news} complaints came or closed"
        )
    return reasons


def _news(city: City, since: datetime | None, now: datetime) -> int:
    """Complaints filed or closed in between, if they are enough to learn from; else 0."""
    rows = Complaint.objects.filter(city=city, created_at__lte=now)
    if since:
        rows = rows.filter(Q(created_at__gt=since) | Q(closed_at__gt=since))
    count = rows.count()
    return count if count >= FEWEST_NEW else 0


def note_retraining(city: City, now: datetime) -> None:
    """Remember that a training was asked for."""
    ForecastWatch.objects.update_or_create(city=city, defaults={"retraining_at": now})
