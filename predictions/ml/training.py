"""Training: from complaints to a model that serves.

One histogram gradient boosting classifier answers "closed in this bin, given still open?" for
all bins, the bin being a feature.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from typing import Any

import numpy as np
import polars as pl

from .encoding import federal_holidays, fit_encoding
from .export import check_parity, export
from .features import Encoding, Query, encode_query, feature_names
from .fitting import fit
from .header import FORMAT_VERSION, Header, Probe, as_json, sha256_of
from .labels import TooFewComplaints, labels_as_of
from .person_periods import recency
from .runtime import CUMULATIVE, Forecaster, open_session
from .survival import EDGES_HOURS
from .training_rows import parity_rows, training_rows, typical_rows

Progress = Callable[[str, float], None]

HALF_LIFE_DAYS = 30.0
# The statistics of categories forget faster than the trees: half-life 7 instead of 30 days gained
# 0.6 % in MAE and Brier 24 on New York's data (its districts change from week to week).
STATISTICS_SHARE = 0.25
# Twice as many gained nothing on New York's data.
MAX_PERSON_PERIODS = 1_000_000
# Fewer tell nothing.
FEWEST_CLOSED = 50
# Holidays are kept for forecasts made long after the training.
HOLIDAYS_AHEAD = timedelta(days=730)
LIBRARIES = ("scikit-learn", "polars", "numpy", "onnx", "onnxruntime", "h3")


@dataclass(frozen=True)
class TrainedModel:
    """What is stored of a model: the ONNX bytes and the header as plain JSON values."""

    onnx: bytes
    header: dict[str, object]

    def forecaster(self) -> Forecaster:
        """The model ready to answer."""
        return Forecaster.load(self.onnx, self.header)


def train(
    frame: pl.DataFrame,
    *,
    as_of: datetime,
    time_zone: str,
    holidays: Iterable[date] | None = None,
    progress: Progress | None = None,
    half_life_days: float = HALF_LIFE_DAYS,
    max_person_periods: int = MAX_PERSON_PERIODS,
    seed: int = 0,
) -> TrainedModel:
    """Train on complaints (columns: `labels.COLUMNS`) as they were known at `as_of`.

    Parameters
    ----------
    time_zone
        IANA name of the city's local time.
    holidays
        Local days off; None means US federal holidays.
    progress
        Told what begins and which share of the work is behind.
    half_life_days
        Age at which a complaint counts half.
    max_person_periods
        Bound of memory and time; above it old complaints are thinned out.

    Raises TooFewComplaints if too little is known to learn from, ParityError if the export is not
    exact. The same input and seed give the same ONNX bytes.
    """
    tell = progress or _say_nothing
    started = time.perf_counter()
    tell("labelling complaints", 0.0)
    labelled = _labelled(frame, as_of, time_zone)
    weights = recency(labelled, as_of, half_life_days)
    fresh = recency(labelled, as_of, half_life_days * STATISTICS_SHARE)
    generator = np.random.default_rng(seed)
    tell("measuring categories", 0.02)
    days = _holidays(labelled, as_of) if holidays is None else frozenset(holidays)
    encoding = fit_encoding(labelled, fresh, time_zone, days)
    tell("computing features", 0.05)
    data = training_rows(labelled, weights, fresh, encoding, max_person_periods, generator)
    text = f"fitting {len(data.learn.rows):,} rows"
    classifier = fit(data, seed, lambda share: tell(text, 0.15 + 0.75 * share))
    tell("exporting and comparing with scikit-learn", 0.9)
    onnx = export(classifier, len(EDGES_HOURS) - 1)
    header = _header(
        onnx,
        encoding,
        labelled,
        as_of=as_of.astimezone(UTC),
        person_periods=len(data.learn.rows),
        trees=int(classifier.n_iter_),
        half_life_days=half_life_days,
        seed=seed,
        parity=check_parity(onnx, classifier, parity_rows(labelled, encoding, generator)),
        seconds=round(time.perf_counter() - started, 1),
    )
    tell("trained", 1.0)
    return TrainedModel(onnx, as_json(header))


def _header(onnx: bytes, encoding: Encoding, labelled: pl.DataFrame, **facts: Any) -> Header:
    """The header of finished bytes; `facts` are the fields that only the training knows."""
    return Header(
        format_version=FORMAT_VERSION,
        features=feature_names(encoding.horizons_hours),
        encoding=encoding,
        edges_hours=list(EDGES_HOURS),
        trained_from=_first_filed(labelled),
        rows=labelled.height,
        libraries=_libraries(),
        sha256=sha256_of(onnx),
        probe=_probe(onnx, labelled, encoding),
        typical=typical_rows(labelled, encoding),
        **facts,
    )


def _labelled(frame: pl.DataFrame, as_of: datetime, time_zone: str) -> pl.DataFrame:
    labelled = labels_as_of(frame, as_of, time_zone)
    closed = int(labelled["closed"].sum())
    if closed < FEWEST_CLOSED:
        raise TooFewComplaints(
            f"{labelled.height} complaints before {as_of}, {closed} of them closed: expected at "
            f"least {FEWEST_CLOSED} closed ones to learn from"
        )
    return labelled


def _first_filed(labelled: pl.DataFrame) -> datetime:
    first: datetime = labelled.select(pl.col("created_at").min()).item()
    return first


def _holidays(labelled: pl.DataFrame, as_of: datetime) -> frozenset[date]:
    return federal_holidays(_first_filed(labelled), as_of + HOLIDAYS_AHEAD)


def _libraries() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in LIBRARIES}


def _probe(onnx: bytes, labelled: pl.DataFrame, encoding: Encoding) -> Probe:
    """The model's answer to a query with the newest type, at a round hour.

    Only these two are taken from data, so that the header tells of no single complaint.
    """
    newest = labelled.sort("created_at", "complaint_type").tail(1)
    filed: datetime = newest["created_at"].item()
    query = Query(
        complaint_type=newest["complaint_type"].item(),
        created_at=filed.replace(minute=0, second=0, microsecond=0).astimezone(UTC),
    )
    row = encode_query(query, encoding)[None, :]
    answer = open_session(onnx).run([CUMULATIVE], {"features": row})[0][0]
    return Probe(query, [0.0, *(float(value) for value in answer)])


def _say_nothing(text: str, share: float) -> None:
    """Progress for callers that show none."""
