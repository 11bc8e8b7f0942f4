"""Which versions keep their bytes."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from complaints.tests.factories import NOON, make_city
from predictions import pruning, registry
from predictions.models import ModelVersion
from predictions.registry import NothingBefore, Unfit
from predictions.tasks import prune_versions
from predictions.tests.small_model import activate_small_model, copy_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def active() -> ModelVersion:
    return activate_small_model()


def retired(active: ModelVersion, number: int, **fields: Any) -> ModelVersion:
    """One that served so many days ago."""
    at = NOON - timedelta(days=number)
    values = {"status": "retired", "activated_at": at, "trained_at": at} | fields
    return copy_of(active, f"old-{number}", **values)


def kept() -> list[str]:
    return sorted(
        row.version for row in ModelVersion.objects.filter(pruned_at=None) if row.has_intact_bytes()
    )


def test_the_serving_one_the_last_served_and_the_newest_others_keep_theirs(
    active: ModelVersion,
) -> None:
    ModelVersion.objects.update(activated_at=NOON - timedelta(days=900))
    for number in range(7):
        retired(active, number)
    for number in range(10, 17):
        retired(active, number, status="refused" if number % 2 else "candidate")
    assert sorted(pruning.prune(active.city, NOON)) == ["old-15", "old-16", "old-5", "old-6"]
    assert kept() == sorted(
        ["small-1", *(f"old-{number}" for number in (0, 1, 2, 3, 4, 10, 11, 12, 13, 14))]
    )
    assert pruning.prune(active.city, NOON) == []


def test_figures_and_history_stay(active: ModelVersion) -> None:
    metrics, verdict = {"rows": 7}, {"passed": True}
    for number in range(6):
        retired(active, number, metrics=metrics, verdict=verdict, rehearsal_onnx=b"x")
    assert prune_versions.call() == ["old-5"]
    row = ModelVersion.objects.get(version="old-5")
    assert (row.metrics, row.verdict, row.sha256) == (metrics, verdict, active.sha256)
    assert (bytes(row.onnx), row.rehearsal_onnx) == (b"", None)
    # Its promises are counted with the horizon that stands there.
    assert row.header["edges_hours"]


def test_one_without_bytes_neither_serves_nor_is_rolled_back_to(active: ModelVersion) -> None:
    old = retired(active, 1, onnx=b"", pruned_at=timezone.now())
    with pytest.raises(Unfit, match="its bytes were given away"):
        registry.activate(old, "ada", "I want it back")
    with pytest.raises(NothingBefore):
        registry.roll_back(active, "ada")
    with pytest.raises(IntegrityError, match="active_model_has_its_bytes"), transaction.atomic():
        ModelVersion.objects.filter(pk=active.pk).update(pruned_at=timezone.now())


def test_other_cities_are_left_alone(active: ModelVersion) -> None:
    for number in range(8):
        retired(active, number)
    assert pruning.prune(make_city("sf", name="San Francisco"), NOON) == []
