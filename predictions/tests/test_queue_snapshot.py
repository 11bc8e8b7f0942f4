"""The queue that serving reads from the database, beside the one that training computes."""

from __future__ import annotations

import itertools
import random
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from django.test import Client
from django.utils import timezone

from complaints.models import City
from complaints.tests.factories import (
    NOON,
    make_agency,
    make_city,
    make_complaint,
    make_district,
    make_type,
)
from predictions.ml.labels import COLUMNS, SCHEMA
from predictions.ml.queue import QUEUE_FEATURES, UNKNOWN, Queue
from predictions.ml.queue_history import with_queue
from predictions.queue_snapshot import PACE_EVERY, read_snapshot
from predictions.serving import serving
from predictions.tests.small_model import activate_small_model
from predictions.training_data import read_complaints

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
MIDNIGHT = NOON + 12 * HOUR
"""In New York."""
KINDS, AGENCIES, DISTRICTS = ("noise", "heat"), ("NYPD", "HPD", ""), ("north", "south", "")


def file(hours: float, wait: float | None = None, **words: Any) -> None:
    """A complaint filed so many hours after midnight and closed `wait` hours later."""
    agency, district = words.pop("agency", "NYPD"), words.pop("district", "north")
    make_complaint(
        wait,
        complaint_type=make_type(words.pop("kind", "noise")),
        agency=make_agency(agency) if agency else None,
        district=make_district(district, parent=make_district("all")) if district else None,
        created_at=MIDNIGHT + hours * HOUR,
        **words,
    )


def file_at_random(seed: int) -> None:
    """A living city, at few distinct moments, so that many fall together."""
    generator = random.Random(seed)
    for hours in range(-150, 96, 6):
        looked = generator.choice([None, MIDNIGHT + generator.randrange(-100, 96) * HOUR])
        file(
            hours,
            generator.choice([None, 0.0, 0.25, 6.0, 24.0, 30.0, -hours % 24 or 24.0]),
            kind=generator.choice(KINDS),
            agency=generator.choice(AGENCIES),
            district=generator.choice(DISTRICTS),
            observed_at=looked,
        )


def by_training(city: City, now: datetime) -> dict[tuple[str, ...], npt.NDArray[np.float32]]:
    """The features that training gives each type, agency and district at `now`."""
    asked = list(itertools.product(KINDS, AGENCIES, DISTRICTS))
    values: dict[str, list[Any]] = {name: [None] * len(asked) for name in COLUMNS} | {
        "created_at": [now] * len(asked)
    }
    for place, name in enumerate(("complaint_type", "agency", "district")):
        values[name] = [codes[place] or None for codes in asked]
    frame = pl.DataFrame(values, schema=SCHEMA)
    found = with_queue(frame, read_complaints(city), city.time_zone).select(QUEUE_FEATURES)
    return dict(zip(asked, found.to_numpy(), strict=True))


def told(queue: Queue, kind: str, agency: str, district: str) -> tuple[float, ...]:
    return queue.features(kind, agency or None, district or None, queue.taken_at)


@pytest.mark.parametrize("seed", range(3))
def test_serving_counts_what_training_counts(seed: int) -> None:
    file_at_random(seed)
    city, known = make_city(), 0
    for hours in (-140, -100, -60.5, 0, 0.25, 24, 60, 90, 93.1):
        now = MIDNIGHT + hours * HOUR
        queue = read_snapshot(city, now).queue
        for codes, expected in by_training(city, now).items():
            np.testing.assert_allclose(told(queue, *codes), expected, rtol=1e-5)
            known += np.isfinite(expected).sum()
    assert known > 200


def test_other_cities_are_not_counted() -> None:
    for hours in range(-100, 0):
        file(hours)
    gotham = make_city("gotham", jurisdiction_id="gotham.example")
    assert read_snapshot(gotham, MIDNIGHT).queue.days == 0
    assert told(read_snapshot(make_city(), MIDNIGHT).queue, "noise", "NYPD", "north")[:2] == (
        23,
        71,
    )


def test_an_empty_city_has_no_queue() -> None:
    queue = read_snapshot(make_city(), MIDNIGHT).queue
    assert told(queue, "noise", "NYPD", "north") == UNKNOWN


def test_the_pace_is_kept_for_a_minute_and_the_counts_are_not() -> None:
    for hours in range(-100, 0, 10):
        file(hours, 1)
    city = make_city()
    before = read_snapshot(city, MIDNIGHT)
    file(-1, 0.9)
    file(-1)
    soon = read_snapshot(city, MIDNIGHT + PACE_EVERY / 2, before)
    assert soon.queue.pace_by_type == before.queue.pace_by_type
    assert soon.queue.by_type["noise"].short == 1
    later = read_snapshot(city, MIDNIGHT + PACE_EVERY, soon)
    assert later.queue.pace_by_type["noise"] < before.queue.pace_by_type["noise"]


def test_a_forecast_of_now_knows_the_queue_and_one_of_another_day_does_not(
    client: Client,
) -> None:
    make_type("rodent")
    city = activate_small_model().city
    now = timezone.now()
    for hours in range(100):
        make_complaint(complaint_type=make_type("rodent"), created_at=now - (hours + 0.5) * HOUR)
    known = serving.state()[city.slug]
    assert told(known.queue, "rodent", "NYPD", "")[2:4] == (24, 72)
    assert known.queue.features("rodent", None, None, now - timedelta(days=1)) == UNKNOWN
    assert client.get("/predict/rodent").status_code == 200
