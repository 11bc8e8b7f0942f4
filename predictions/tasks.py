"""Background work on forecasts."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone
from django_tasks import task

from complaints.models import City
from predictions import promises, pruning, watch
from smart311.schedule import in_hand

logger = logging.getLogger(__name__)


@task()
def count_promises() -> int:
    """Bring every city's counts of promises up to date; answers how many weeks changed."""
    now = timezone.now()
    return sum(promises.count_promises(city, now) for city in City.objects.all())


@task()
def watch_forecasts() -> list[str]:
    """Check every city's forecasts and queue a training where there is a reason; answers them."""
    now = timezone.now()
    queued = []
    for city in City.objects.all():
        reasons = watch.reasons_to_train(city, now)
        if reasons and not in_hand(retrain.module_path, now, timedelta(0)).exists():
            watch.note_retraining(city, now)
            retrain.enqueue(city.slug)
            queued += [f"{city.slug}: {reason}" for reason in reasons]
    return queued


@task()
def prune_versions() -> list[str]:
    """Drop the bytes of versions that nobody will go back to; answers their names."""
    now = timezone.now()
    return [name for city in City.objects.all() for name in pruning.prune(city, now)]


@task()
def retrain(slug: str) -> str:
    """Train a city's next version as of now; answers its name and what the gate said."""
    # Loads the training libraries: only in the worker that trains.
    from predictions.training import train_version

    version = train_version(City.objects.get(slug=slug), timezone.now(), _say_nothing)
    logger.info("trained %s: %s", version.version, version.status)
    return f"{version.version}: {version.status}"


def _say_nothing(text: str, share: float) -> None:
    """Nobody watches the bar."""
