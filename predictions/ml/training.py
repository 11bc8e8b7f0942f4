"""Training: from complaints to a model that serves.

One histogram gradient boosting classifier answers "closed in this bin, given still open?" for
all bins, the bin being a feature.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib.metadata import version

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
from sklearn.ensemble import HistGradientBoostingClassifier

from .encoding import federal_holidays, fit_encoding
from .export import FEWEST_PARITY_ROWS, check_parity, export
from .features import Encoding, Matrix, Query, encode_frame, encode_query, feature_names
from .header import FORMAT_VERSION, Header, Probe, as_json, sha256_of
from .labels import labels_as_of
from .person_periods import PersonPeriods, person_periods, recency, thin
from .runtime import Forecaster, open_session
from .survival import EDGES_HOURS, Floats

Progress = Callable[[str, float], None]

# A change of regime is learned within days; see docs/model-card.md for what was measured.
HALF_LIFE_DAYS = 30.0
FOLDS = 5
MAX_PERSON_PERIODS = 2_000_000
# Each tree costs time in every forecast.
TREES = 150
LEAVES = 31
LEARNING_RATE = 0.1
FEWEST_ROWS_IN_LEAF = 50
# Queries that know only type, place and time must be served well too: some rows forget the rest.
FORGETFUL_SHARE = 0.1
OPTIONAL_COLUMNS = ("descriptor", "channel", "location_type")
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
    holidays: list[str] | None = None,
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
        Local days off as ISO dates; None means US federal holidays.
    progress
        Told what begins and which share of the work is behind.
    half_life_days
        Age at which a complaint counts half.
    max_person_periods
        Bound of memory and time; above it old complaints are thinned out.

    Raises ValueError if too little is known to learn from, ParityError if the export is not
    exact. The same input and seed give the same bytes.
    """
    tell = progress or (lambda _text, _share: None)
    started = time.perf_counter()
    tell("labelling complaints", 0.0)
    labelled = _labelled(frame, as_of, time_zone)
    weights = recency(labelled, as_of, half_life_days)
    generator = np.random.default_rng(seed)
    tell("measuring categories", 0.02)
    days = holidays if holidays is not None else _holidays(labelled, as_of)
    encoding = fit_encoding(labelled, weights, time_zone, days)
    tell("computing features", 0.05)
    data = training_rows(labelled, weights, encoding, max_person_periods, generator)
    tell(f"fitting {len(data.rows):,} rows", 0.15)
    classifier = fit(data, seed)
    tell("exporting and comparing with scikit-learn", 0.9)
    onnx = export(classifier, len(EDGES_HOURS) - 1)
    rows = parity_rows(labelled, encoding, generator)
    parity = check_parity(onnx, classifier, rows)
    query = probe_query(labelled)
    header = Header(
        format_version=FORMAT_VERSION,
        features=feature_names(encoding.horizons_hours),
        encoding=encoding,
        edges_hours=list(EDGES_HOURS),
        as_of=as_of.astimezone(UTC),
        trained_from=labelled["created_at"].min(),  # type: ignore[arg-type]
        rows=labelled.height,
        person_periods=len(data.rows),
        half_life_days=half_life_days,
        seed=seed,
        seconds=round(time.perf_counter() - started, 1),
        parity=parity,
        libraries={"python": platform.python_version()} | {n: version(n) for n in LIBRARIES},
        sha256=sha256_of(onnx),
        probe=_probe(onnx, query, encoding),
    )
    tell("trained", 1.0)
    return TrainedModel(onnx, as_json(header))


def fit(data: PersonPeriods, seed: int) -> HistGradientBoostingClassifier:
    """The classifier fitted to person-period rows."""
    classifier = HistGradientBoostingClassifier(
        max_iter=TREES,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=FEWEST_ROWS_IN_LEAF,
        # Stopping early would hold out shuffled rows, whose complaint is also in training.
        early_stopping=False,
        random_state=seed,
    )
    # A column nobody ever filled stops scikit-learn; as a constant it is never split on.
    data.rows[:, np.isnan(data.rows).all(axis=0)] = 0
    # Weights of mean 1 keep the meaning of scikit-learn's regularising defaults.
    return classifier.fit(data.rows, data.closed, sample_weight=data.weights / data.weights.mean())


def training_rows(
    labelled: pl.DataFrame,
    weights: Floats,
    encoding: Encoding,
    most: int,
    generator: np.random.Generator,
) -> PersonPeriods:
    """Thinned, encoded out of fold, and spread over bins."""
    chosen, weight = thin(labelled["hours"].to_numpy(), weights, most, generator)
    features = features_out_of_fold(labelled, weights, encoding, chosen, generator)
    kept = labelled[chosen]
    hours, closed = kept["hours"].to_numpy(), kept["closed"].to_numpy()
    return person_periods(features, hours, closed, weight)


def features_out_of_fold(
    labelled: pl.DataFrame,
    weights: Floats,
    encoding: Encoding,
    chosen: npt.NDArray[np.int64],
    generator: np.random.Generator,
) -> Matrix:
    """Features of the chosen rows, whose category statistics were learned without them.

    Else the statistics of a rare category would give its rows' own outcomes away.
    """
    fold = generator.integers(FOLDS, size=labelled.height)
    seen = forget_options(labelled[chosen], FORGETFUL_SHARE, generator)
    features = np.empty((len(chosen), len(feature_names(encoding.horizons_hours))), np.float32)
    for number in range(FOLDS):
        outside, inside = fold != number, fold[chosen] == number
        others = labelled.filter(pl.Series(outside))
        learned = fit_encoding(others, weights[outside], encoding.time_zone, encoding.holidays)
        blind = msgspec.structs.replace(encoding, statistics=learned.statistics)
        features[inside] = encode_frame(seen.filter(pl.Series(inside)), blind)
    return features


def forget_options(
    frame: pl.DataFrame, share: float, generator: np.random.Generator
) -> pl.DataFrame:
    """Blank descriptor, channel and location type in a random share of the rows."""
    forgets = pl.Series(generator.random(frame.height) < share)
    return frame.with_columns(
        pl.when(forgets).then(None).otherwise(pl.col(name)).alias(name) for name in OPTIONAL_COLUMNS
    )


def parity_rows(
    labelled: pl.DataFrame, encoding: Encoding, generator: np.random.Generator
) -> Matrix:
    """Rows to compare two implementations on: real ones, unseen categories, gaps, float edges."""
    count = FEWEST_PARITY_ROWS
    sample = labelled[generator.integers(labelled.height, size=count)]
    unseen = sample.head(count // 10).with_columns(
        pl.lit("never-seen").alias(name) for name in ("complaint_type", "agency", *OPTIONAL_COLUMNS)
    )
    rows = np.vstack([encode_frame(sample, encoding), encode_frame(unseen, encoding)])
    gaps = rows[: count // 4].copy()
    gaps[generator.random(gaps.shape) < 0.3] = np.nan
    return np.vstack([rows, gaps, np.nextafter(rows, np.float32(np.inf))])


def probe_query(labelled: pl.DataFrame) -> Query:
    """A fixed query for the self-check at loading: the newest type, at a round hour.

    Only the type is taken from data, so that no complaint is told by the header.
    """
    newest = labelled.sort("created_at", "complaint_type").tail(1)
    when = newest["created_at"].item().replace(minute=0, second=0, microsecond=0)
    return Query(complaint_type=newest["complaint_type"].item(), created_at=when)


def _labelled(frame: pl.DataFrame, as_of: datetime, time_zone: str) -> pl.DataFrame:
    labelled = labels_as_of(frame, as_of, time_zone)
    closed = int(labelled["closed"].sum())
    if closed < FEWEST_ROWS_IN_LEAF:
        raise ValueError(
            f"{labelled.height} complaints before {as_of}, {closed} of them closed: expected at "
            f"least {FEWEST_ROWS_IN_LEAF} closed ones to learn from"
        )
    return labelled


def _holidays(labelled: pl.DataFrame, as_of: datetime) -> list[str]:
    first = labelled["created_at"].min()
    return federal_holidays(first, as_of + HOLIDAYS_AHEAD)  # type: ignore[arg-type]


def _probe(onnx: bytes, query: Query, encoding: Encoding) -> Probe:
    row = encode_query(query, encoding)[None, :]
    answer = open_session(onnx).run(["cumulative"], {"features": row})[0][0]
    return Probe(query, [0.0, *(float(value) for value in answer)])
