"""From a city's complaints to a stored and serving model version."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import msgspec
import polars as pl
from django.db import transaction
from django.utils import timezone

from complaints.models import City
from predictions.drift import Shares, before_training
from predictions.gate import Rival, judge
from predictions.holdout import RESTRICT_HOURS, Holdout
from predictions.ml.evaluation import Evaluation, evaluate
from predictions.ml.header import ModelError, as_json, read_header
from predictions.ml.self_test import with_canned_answers
from predictions.ml.training import TrainedModel, train
from predictions.models import ModelVersion, header_sha256
from predictions.registry import Unfit, admit, check_fitness
from predictions.training_data import read_complaints

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Trial:
    """A model that had not seen the holdout, and how it did there.

    `rehearsal` is None where the trained model itself could be tested.
    """

    holdout: Holdout
    rehearsal: TrainedModel | None
    result: Evaluation


def train_version(
    city: City, as_of: datetime, progress: Progress, *, single: bool = False
) -> ModelVersion:
    """Train as of a moment, test, store, and let it serve if the gate lets it.

    Where the data goes on after `as_of` far enough, the very model is tested on what came next;
    else its rehearsal, trained as of the holdout's start. With `single` that one is the version:
    half the work, but it knows nothing of the last week. Raises TooFewComplaints; Unfit if the
    stored version cannot be loaded again.
    """
    frame = read_complaints(city)
    # Later than the data's end nothing is known; as of years after it every row would be stale.
    as_of = min(as_of, _known_until(frame) or as_of)
    newest = Holdout.newest(frame, as_of) if single else None
    as_of = newest.start if newest else as_of
    trained = train(frame, as_of=as_of, time_zone=city.time_zone, progress=progress)
    model = _ready(trained, before_training(city, as_of))
    trial = _try(frame, city, as_of, model, progress, newest)
    rival = _rival(frame, city, trial)
    # Nothing is stored before all is known: whoever interrupts leaves the registry as it was.
    version = _store(city, as_of, model, trial)
    verdict = judge(
        trial.result,
        parity=float(str(model.header["parity"])),
        rival=rival,
        tested="its rehearsal" if trial.rehearsal else "the version itself",
        decided_at=timezone.now().isoformat(),
    )
    admit(version, verdict)
    return version


def _ready(model: TrainedModel, inputs: Shares | None = None) -> TrainedModel:
    """With the canned answers that every server will ask for, and what was filed before."""
    header = with_canned_answers(model.onnx, read_header(model.header))
    header = msgspec.structs.replace(header, inputs=inputs or {})
    return TrainedModel(model.onnx, as_json(header))


def _try(
    frame: pl.DataFrame,
    city: City,
    as_of: datetime,
    model: TrainedModel,
    progress: Progress,
    newest: Holdout | None,
) -> Trial:
    known_until = _known_until(frame) or as_of
    holdout, rehearsal = newest or Holdout.after(as_of), None
    if not holdout.is_known(known_until):
        holdout = Holdout.newest(frame, min(as_of, known_until))
        progress("rehearsing: training as of the holdout's start", 0.0)
        rehearsal = _ready(
            train(frame, as_of=holdout.start, time_zone=city.time_zone, progress=progress)
        )
    progress("evaluating", 1.0)
    return Trial(holdout, rehearsal, _evaluate(frame, city, holdout, rehearsal or model))


def _evaluate(frame: pl.DataFrame, city: City, holdout: Holdout, model: TrainedModel) -> Evaluation:
    return evaluate(
        frame,
        as_of=holdout.start,
        time_zone=city.time_zone,
        model=model,
        test_until=holdout.until,
        restrict_hours=RESTRICT_HOURS,
    )


def _rival(frame: pl.DataFrame, city: City, trial: Trial) -> Rival | None:
    """The active version on the same complaints, itself or its rehearsal."""
    active = ModelVersion.objects.active().filter(city=city).first()
    if active is None:
        return None
    try:
        check_fitness(active)
    except Unfit as error:
        return Rival(active.version, f"nothing: {error}", None, is_unfit=True)
    start = trial.holdout.start
    stands, model = "it has seen the holdout, and has no rehearsal that has not", None
    if active.as_of <= start:
        stands = f"{active.version} itself"
        model = TrainedModel(bytes(active.onnx), active.header)
    elif rehearsal := _rehearsal_before(active, start):
        stands = f"the rehearsal of {active.version}"
        model = rehearsal
    if model is None:
        return Rival(active.version, stands, None)
    try:
        result = _evaluate(frame, city, trial.holdout, model)
    except ModelError as error:
        return Rival(active.version, f"its rehearsal cannot be loaded: {error}", None)
    return Rival(active.version, stands, result["models"]["forecast"])


def _rehearsal_before(version: ModelVersion, moment: datetime) -> TrainedModel | None:
    if version.rehearsal_onnx is None or version.rehearsal_header is None:
        return None
    rehearsal = TrainedModel(bytes(version.rehearsal_onnx), version.rehearsal_header)
    return rehearsal if read_header(rehearsal.header).as_of <= moment else None


def _known_until(frame: pl.DataFrame) -> datetime | None:
    """The moment up to which the data tells what happened; None without data."""
    latest = frame.select(pl.max_horizontal(pl.col("created_at", "closed_at", "observed_at").max()))
    moment: datetime | None = latest.item()
    return moment


@transaction.atomic
def _store(city: City, as_of: datetime, model: TrainedModel, trial: Trial) -> ModelVersion:
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
        rehearsal_onnx=trial.rehearsal.onnx if trial.rehearsal else None,
        rehearsal_header=trial.rehearsal.header if trial.rehearsal else None,
        metrics=trial.result,
    )
    # As the database gives it back: -0.0 becomes 0.0 in a JSON column.
    version.refresh_from_db()
    version.header_sha256 = header_sha256(version.header)
    version.save(update_fields=["header_sha256"])
    return version
