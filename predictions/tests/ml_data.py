"""Synthetic complaints whose law is known, and one small model trained on them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import numpy.typing as npt
import polars as pl

from predictions.ml.features import Query
from predictions.ml.labels import COLUMNS, INSTANT, SCHEMA
from predictions.ml.training import TrainedModel, train

ZONE = "America/New_York"
START = datetime(2026, 3, 2, 5, tzinfo=UTC)
AS_OF = START + timedelta(days=28)
SEEN_UNTIL = START + timedelta(days=35)

# Median hours to close of each type, and its agency.
MEDIAN_HOURS = {"noise": 2.0, "heat": 30.0, "tree": 400.0}
AGENCIES = {"noise": "POLICE", "heat": "HOUSING", "tree": "PARKS"}
# What a descriptor does to the median.
DESCRIPTOR_FACTORS = {"urgent": 0.25, "usual": 1.0}


def complaints(rows: int = 6_000, seed: int = 0, *, day_factor: float = 1.0) -> pl.DataFrame:
    """Complaints over 35 days with exponential times to close, as seen at their end.

    `day_factor` multiplies the times of those filed from 08:00 to 20:00 local.
    """
    # Not the stream that training draws its folds from.
    generator = np.random.default_rng([311, seed])
    kinds = generator.choice(list(MEDIAN_HOURS), size=rows, p=[0.5, 0.3, 0.2])
    words = generator.choice(list(DESCRIPTOR_FACTORS), size=rows)
    filed = sorted(
        START + timedelta(seconds=int(s)) for s in generator.integers(35 * 86_400, size=rows)
    )
    frame = pl.DataFrame(
        {
            "complaint_type": kinds,
            "agency": [AGENCIES[kind] for kind in kinds],
            "descriptor": words,
            "channel": generator.choice(["PHONE", "ONLINE"], size=rows),
            "district": generator.choice(["01-north", "02-south"], size=rows),
            "area": ["the-city"] * rows,
            "location_type": [None] * rows,
            "latitude": generator.uniform(40.6, 40.8, size=rows),
            "longitude": generator.uniform(-74.0, -73.8, size=rows),
            "created_at": filed,
        },
        schema_overrides={"created_at": INSTANT, "location_type": pl.String},
    )
    hour = pl.col("created_at").dt.convert_time_zone(ZONE).dt.hour()
    is_day = frame.select(hour.is_between(8, 19)).to_series().to_numpy()
    pairs = zip(kinds, words, strict=True)
    median = np.array([MEDIAN_HOURS[kind] * DESCRIPTOR_FACTORS[word] for kind, word in pairs])
    hours = generator.exponential(median / np.log(2)) * np.where(is_day, day_factor, 1.0)
    return with_closings(frame, hours + 0.01)


def with_closings(frame: pl.DataFrame, hours: npt.NDArray[np.float64]) -> pl.DataFrame:
    """Closings after these hours, unless that is past `SEEN_UNTIL`."""
    waits = pl.Series((hours * 3.6e9).astype(np.int64)).cast(pl.Duration("us"))
    closing = pl.col("created_at") + waits
    seen = pl.lit(SEEN_UNTIL).cast(INSTANT)
    return frame.with_columns(
        closed_at=pl.when(closing <= seen).then(closing), observed_at=seen
    ).select(COLUMNS)


def row(**changes: object) -> dict[str, object]:
    """One complaint of the contract's frame, open and unobserved unless changed."""
    values: dict[str, object] = dict.fromkeys(COLUMNS)
    values |= {"complaint_type": "noise", "agency": "POLICE", "created_at": START}
    return values | changes


def frame_of(*rows: dict[str, object]) -> pl.DataFrame:
    """A frame of the contract from rows made by `row`."""
    return pl.DataFrame(list(rows), schema=SCHEMA)


def query(complaint_type: str = "noise", **changes: object) -> Query:
    """A query with only type and time, unless changed."""
    values: dict[str, object] = {"complaint_type": complaint_type, "created_at": AS_OF}
    return Query(**(values | changes))  # type: ignore[arg-type]


@cache
def trained() -> TrainedModel:
    """The model most tests look at, trained once.

    On enough complaints to tell the slowest type's median: of four seeds the least and the most
    were 286 and 545 h on 6,000, 356 and 447 h on 12,000; 400 h are true.
    """
    return train(complaints(12_000), as_of=AS_OF, time_zone=ZONE)
