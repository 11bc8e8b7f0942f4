"""A real model, small enough to be trained within a test run."""

from __future__ import annotations

from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from complaints.tests.factories import NOON, make_city
from predictions.ml.labels import COLUMNS
from predictions.ml.training import TrainedModel, train
from predictions.models import ModelVersion

ROWS = 1_500
TYPICAL_HOURS = {"noise-residential": 3.0, "rodent": 150.0, "lost-cause": 50_000.0}
DAYS = 800
AS_OF = NOON + timedelta(days=DAYS + 30)


@cache
def train_small_model() -> TrainedModel:
    """Three types: closed within hours, within weeks, and hardly ever."""
    generator = np.random.default_rng(311)
    kinds = generator.choice(list(TYPICAL_HOURS), ROWS)
    hours = generator.exponential([TYPICAL_HOURS[kind] for kind in kinds]) + 0.1
    days = generator.uniform(0, DAYS, ROWS)
    created = [NOON + timedelta(days=day) for day in days]
    closed = [at + timedelta(hours=hour) for at, hour in zip(created, hours, strict=True)]
    texts = {"agency": "NYPD", "descriptor": "", "channel": "phone", "location_type": ""}
    frame = pl.DataFrame(
        {
            "complaint_type": kinds,
            **{name: [text or None] * ROWS for name, text in texts.items()},
            "district": ["queens-07"] * ROWS,
            "latitude": generator.uniform(40.6, 40.8, ROWS),
            "longitude": generator.uniform(-74.0, -73.8, ROWS),
            "created_at": created,
            "closed_at": [at if at <= AS_OF else None for at in closed],
            "observed_at": [None] * ROWS,
        },
        schema_overrides={
            **dict.fromkeys(("descriptor", "location_type"), pl.String),
            **dict.fromkeys(("created_at", "closed_at", "observed_at"), pl.Datetime("us", "UTC")),
        },
    ).sort("created_at")
    # Threads that wait for one another spin: on a busy machine one thread is five times faster.
    with threadpool_limits(1):
        return train(
            frame.select(COLUMNS),
            as_of=AS_OF,
            time_zone="America/New_York",
            holidays=[],
            half_life_days=DAYS,
        )


def activate_small_model() -> ModelVersion:
    """Let it serve New York."""
    trained = train_small_model()
    version = ModelVersion.objects.create(
        city=make_city(),
        version="small-1",
        as_of=AS_OF,
        onnx=trained.onnx,
        sha256=str(trained.header["sha256"]),
        header=trained.header,
    )
    version.activate()
    return version
