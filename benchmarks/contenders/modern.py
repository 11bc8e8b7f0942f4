"""Contender (b): FastAPI as one would write it today, with our model and our features.

`/async/` is an `async def` endpoint, `/def/` a `def` one, `/batch` takes many rows; all validate
with pydantic and answer what we answer through orjson.
"""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import orjson
from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field

from predictions.ml.features import Query as Question
from predictions.ml.runtime import Forecast, Forecaster

WORLD = Path(os.environ["WORLD"])
TYPES = json.loads((WORLD / "types.json").read_text())
ZONE = ZoneInfo("America/New_York")
forecaster = Forecaster.load(
    (WORLD / "model.onnx").read_bytes(), json.loads((WORLD / "header.json").read_text())
)
app = FastAPI()


class Row(BaseModel):
    """One question."""

    complaint_type: str
    latitude: float = Field(ge=40.47, le=40.94)
    longitude: float = Field(ge=-74.28, le=-73.68)
    created_date: datetime


class Interval(BaseModel):
    """The range for eight in ten."""

    p10: float
    p90: float


class Model(BaseModel):
    """Which model answered."""

    version: str
    trained_at: datetime


class Prediction(BaseModel):
    """The same answer as ours."""

    estimated_time: float
    unit: str
    interval: Interval
    closed_within: dict[str, float]
    expected_close_at: datetime
    complaint_type: str
    beyond_horizon: bool
    model: Model
    sentence: str
    queue: None = None


MODEL = Model(version="benchmark", trained_at=datetime(2026, 1, 1, tzinfo=UTC))


def question(row: Row) -> Question:
    """As the model knows it."""
    if row.complaint_type not in TYPES:
        raise HTTPException(404, f"unknown complaint type {row.complaint_type!r}")
    at = row.created_date
    return Question(
        complaint_type=row.complaint_type,
        created_at=at if at.tzinfo else at.replace(tzinfo=ZONE),
        latitude=row.latitude,
        longitude=row.longitude,
    )


def prediction(asked: Question, found: Forecast) -> Prediction:
    """The answer's model."""
    closing = asked.created_at.astimezone(ZONE) + timedelta(hours=found.median_hours)
    return Prediction(
        estimated_time=round(found.median_hours, 4),
        unit="hours",
        interval=Interval(p10=round(found.p10_hours, 4), p90=round(found.p90_hours, 4)),
        closed_within={str(hours): round(share, 4) for hours, share in found.closed_within.items()},
        expected_close_at=closing.replace(microsecond=0),
        complaint_type=asked.complaint_type,
        beyond_horizon=found.beyond_horizon,
        model=MODEL,
        sentence=f"Half of such complaints are closed within {found.median_hours:.1f} h, "
        f"eight in ten between {found.p10_hours:.1f} h and {found.p90_hours:.1f} h.",
    )


def answer(body: object) -> Response:
    """Through orjson."""
    return Response(orjson.dumps(body), media_type="application/json")


def one(row: Row) -> Response:
    """One forecast."""
    asked = question(row)
    return answer(prediction(asked, forecaster.forecast(asked)).model_dump())


Latitude = Annotated[float, Query(ge=40.47, le=40.94)]
Longitude = Annotated[float, Query(ge=-74.28, le=-73.68)]


@app.get("/async/{complaint_type}")
async def in_the_loop(
    complaint_type: str, latitude: Latitude, longitude: Longitude, created_date: datetime
) -> Response:
    """On the event loop."""
    return one(
        Row.model_construct(
            complaint_type=complaint_type,
            latitude=latitude,
            longitude=longitude,
            created_date=created_date,
        )
    )


@app.get("/def/{complaint_type}")
def in_a_thread(
    complaint_type: str, latitude: Latitude, longitude: Longitude, created_date: datetime
) -> Response:
    """In the thread pool."""
    return one(
        Row.model_construct(
            complaint_type=complaint_type,
            latitude=latitude,
            longitude=longitude,
            created_date=created_date,
        )
    )


@app.post("/batch")
async def many(rows: list[Row]) -> Response:
    """Many in one call of the model."""
    asked = [question(row) for row in rows]
    found = forecaster.forecast_many(asked)
    return answer(
        [prediction(one, told).model_dump() for one, told in zip(asked, found, strict=True)]
    )
