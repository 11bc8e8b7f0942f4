"""From a city's complaints to a stored and serving model version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import polars as pl
from django.db import transaction

from complaints.models import City
from predictions.ml.evaluation import evaluate
from predictions.ml.training import TrainedModel, train
from predictions.models import ModelVersion
from predictions.training_data import read_complaints

TEST_DAYS = 4
RESTRICT_HOURS = 72
"""Errors are those of min(hours to close, 72 h): every tested complaint is seen that long."""

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Trial:
    """Trained as of `as_of`, tested on complaints created from then until `test_until`."""

    as_of: datetime
    test_until: datetime

    @classmethod
    def ending(cls, known_until: datetime) -> Trial:
        """The newest trial whose tested complaints are all seen for the whole restricted time."""
        test_until = known_until - timedelta(hours=RESTRICT_HOURS)
        return cls(test_until - timedelta(days=TEST_DAYS), test_until)


def train_version(city: City, as_of: datetime, progress: Progress) -> ModelVersion:
    """Train as of a moment, evaluate, store and activate.

    Where the data goes on after `as_of` far enough, the very model is tested on what came next;
    else one like it, trained a week earlier. Raises TooFewComplaints.
    """
    frame = read_complaints(city)
    model = train(frame, as_of=as_of, time_zone=city.time_zone, progress=progress)
    metrics = _evaluate(frame, city, as_of, model, progress)
    return _store(city, as_of, model, metrics)


def _evaluate(
    frame: pl.DataFrame, city: City, as_of: datetime, model: TrainedModel, progress: Progress
) -> dict[str, Any]:
    trial = Trial(as_of, as_of + timedelta(days=TEST_DAYS))
    known_until = _known_until(frame)
    if known_until < trial.test_until + timedelta(hours=RESTRICT_HOURS):
        trial = Trial.ending(min(as_of, known_until))
        progress("training a week earlier, to be tested on what came since", 0.0)
        model = train(frame, as_of=trial.as_of, time_zone=city.time_zone, progress=progress)
    progress("evaluating", 1.0)
    result = evaluate(
        frame,
        as_of=trial.as_of,
        time_zone=city.time_zone,
        model=model,
        test_until=trial.test_until,
        restrict_hours=RESTRICT_HOURS,
    )
    return dict(result)


def _known_until(frame: pl.DataFrame) -> datetime:
    """The moment up to which the data tells what happened."""
    latest = frame.select(pl.max_horizontal(pl.col("created_at", "closed_at", "observed_at").max()))
    moment: datetime = latest.item()
    return moment


@transaction.atomic
def _store(
    city: City, as_of: datetime, model: TrainedModel, metrics: dict[str, Any]
) -> ModelVersion:
    # The lock keeps two trainings at once from taking one number.
    City.objects.select_for_update().get(pk=city.pk)
    day = f"{city.slug}-{city.localise(as_of):%Y%m%d}"
    number = ModelVersion.objects.filter(version__startswith=f"{day}-").count() + 1
    version = ModelVersion.objects.create(
        city=city,
        version=f"{day}-{number}",
        as_of=as_of,
        onnx=model.onnx,
        sha256=str(model.header["sha256"]),
        header=model.header,
        metrics=metrics,
    )
    version.activate()
    return version
