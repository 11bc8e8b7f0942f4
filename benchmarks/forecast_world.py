"""What the contenders of `forecasts.py` share: a database with the sample, a model and questions.

    VAR_FOLDER=… python benchmarks/forecast_world.py

Uses the database of the settings, an embedded one by default.
"""

import json
import os
import random
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ["DJANGO_SETTINGS_MODULE"] = "smart311.settings"

import django

django.setup()

import polars as pl
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from complaints.models import City, Complaint
from predictions.models import ModelVersion
from predictions.registry import serving_version
from predictions.training_data import read_complaints

QUESTIONS = 10_000


def make(folder: Path) -> None:
    """Fill the database once, and write what is not there yet."""
    connection.ensure_connection()
    call_command("migrate", verbosity=0)
    if not City.objects.exists():
        call_command("load_city", settings.BASE_DIR / "fixtures" / "nyc")
    if not Complaint.objects.exists():
        call_command("load_sample")
    if not serving_version(settings.CITY):
        call_command("train_model")
    version = ModelVersion.objects.active().get()
    (folder / "model.onnx").write_bytes(bytes(version.onnx))
    (folder / "header.json").write_text(json.dumps(version.header))
    city = City.objects.get(slug=settings.CITY)
    kinds = {kind.code: kind.name for kind in city.complaint_types.active()}
    (folder / "types.json").write_text(json.dumps(kinds))
    frame = read_complaints(city)
    (folder / "questions.json").write_text(json.dumps(questions(frame)))
    forest_rows(frame).write_csv(folder / "forest.csv")


def questions(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Random places and times of the sample, types as often as they are filed.

    Each names its time, so that all contenders answer without the live queue.
    """
    chance = random.Random(311)  # noqa: S311  (no secret)
    seen = frame.filter(pl.col("latitude").is_not_null()).sample(
        QUESTIONS, with_replacement=True, seed=311
    )
    return [
        {
            "complaint_type": kind,
            "latitude": round(latitude + chance.uniform(-0.002, 0.002), 6),
            "longitude": round(longitude + chance.uniform(-0.002, 0.002), 6),
            "created_date": (at - timedelta(minutes=chance.randrange(60 * 24 * 90))).isoformat(),
        }
        for kind, latitude, longitude, at in seen.select(
            "complaint_type", "latitude", "longitude", "created_at"
        ).iter_rows()
    ]


def forest_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """What the tutorial's forest learns from: closed complaints with their hours."""
    return (
        frame.filter(pl.col("closed_at") > pl.col("created_at"))
        .select(
            "complaint_type",
            "latitude",
            "longitude",
            hour=pl.col("created_at").dt.hour(),
            weekday=pl.col("created_at").dt.weekday(),
            hours=(pl.col("closed_at") - pl.col("created_at")).dt.total_seconds() / 3600,
        )
        .drop_nulls()
    )


if __name__ == "__main__":
    make(Path(settings.VAR_FOLDER))
