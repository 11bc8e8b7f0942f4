"""What became of a version's promises, for the admin; and asking for a new version."""

from __future__ import annotations

from datetime import datetime, timedelta

from complaints.models import City
from predictions.models import ModelVersion, PromiseCount
from predictions.promises import Accuracy
from predictions.tasks import retrain
from predictions.watch import note_retraining
from smart311.schedule import in_hand


def lived(version: ModelVersion) -> Accuracy | None:
    """How the promises that this version made came out, as far as they have come due."""
    counts = PromiseCount.objects.of_model(version.version).filter(city=version.city_id)
    totals = counts.totals("city").first()
    return Accuracy.of(totals) if totals else None


def ask_for_training(city: City, now: datetime) -> str:
    """Queue a training unless one waits or runs; answers what to tell."""
    if in_hand(retrain.module_path, now, timedelta(0)).exists():
        return "A training is waiting or running already."
    note_retraining(city, now)
    retrain.enqueue(city.slug)
    return f"A training for {city} waits for a worker; it takes minutes. See Tasks."
