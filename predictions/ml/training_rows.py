"""The rows the classifier learns from, and those its export is compared on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl

from .encoding import fit_encoding
from .features import Encoding, Matrix, encode_frame, feature_names, with_usual
from .person_periods import PersonPeriods, person_periods, thin
from .queue import QUEUE_FEATURES, QUEUE_FEATURES_OF_PLACE
from .queue_history import with_queue
from .survival import Booleans, Floats

FOLDS = 5
# Many queries know only type, place and time. Where a third of the rows forget the rest, such
# queries came out 2 % better on New York's data and full ones less than 1 % worse.
FORGETFUL_SHARE = 0.3
# Holes in the stream are mostly old: unless new rows forget their queue as well, "unknown" means
# "long ago" to the model, and a forecast without a queue is one of an earlier time.
QUEUELESS_SHARE = 0.3
# Some know no place either. Trees send a gap they never saw to either side: on 6,000 synthetic
# complaints, type-and-time queries came out at 6–10 h where 15 h were true, with it at 15–17.
PLACELESS_SHARE = 0.1
PLACE_COLUMNS = ("district", "latitude", "longitude", *QUEUE_FEATURES_OF_PLACE)
OPTIONAL_COLUMNS = ("descriptor", "channel", "location_type")
# Held out to see when to stop.
CHECK_SHARE = 0.1
CATEGORIES = ("complaint_type", "agency", "district", *OPTIONAL_COLUMNS)
TYPICAL_ROWS = 200
TYPICAL_ROWS_OF_CITY = 10_000
DIGITS = 5
PARITY_ROWS = 10_000
PARITY_GAP_SHARE = 0.3


@dataclass(frozen=True)
class TrainingRows:
    """Person-periods to learn from, and those of other complaints to check the fit on."""

    learn: PersonPeriods
    check: PersonPeriods


def training_rows(
    labelled: pl.DataFrame,
    weights: Floats,
    fresh: Floats,
    encoding: Encoding,
    most: int,
    generator: np.random.Generator,
) -> TrainingRows:
    """About `most` person-periods of labelled complaints with weights (n,).

    Thinned, encoded out of fold with statistics of weights `fresh` (n,), spread over the bins.
    """
    chosen, weight = thin(labelled["hours"].to_numpy(), weights, most, generator)
    features = features_out_of_fold(labelled, fresh, encoding, chosen, generator)
    # A column nobody ever filled stops scikit-learn; as a constant it is never split on.
    features[:, np.isnan(features).all(axis=0)] = 0
    kept = labelled[chosen]
    hours, closed = kept["hours"].to_numpy(), kept["closed"].to_numpy()
    # By complaint: rows of one complaint on both sides would praise what was learned by heart.
    checks = generator.random(len(chosen)) < CHECK_SHARE

    def spread(part: Booleans) -> PersonPeriods:
        return person_periods(features[part], hours[part], closed[part], weight[part])

    return TrainingRows(learn=spread(~checks), check=spread(checks))


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
    asked = with_queue(with_usual(labelled[chosen], encoding), labelled, encoding.time_zone)
    seen = forget(asked, OPTIONAL_COLUMNS, FORGETFUL_SHARE, generator)
    seen = forget(seen, PLACE_COLUMNS, PLACELESS_SHARE, generator)
    seen = forget(seen, QUEUE_FEATURES, QUEUELESS_SHARE, generator)
    features = np.empty((len(chosen), len(feature_names(encoding.horizons_hours))), np.float32)
    for number in range(FOLDS):
        outside, inside = fold != number, fold[chosen] == number
        if not inside.any():
            continue
        others = labelled.filter(pl.Series(outside))
        learned = fit_encoding(others, weights[outside], encoding.time_zone, encoding.holidays)
        blind = msgspec.structs.replace(encoding, statistics=learned.statistics)
        features[inside] = encode_frame(seen.filter(pl.Series(inside)), blind)
    return features


def forget(
    frame: pl.DataFrame, columns: Iterable[str], share: float, generator: np.random.Generator
) -> pl.DataFrame:
    """Blank `columns` together in a random share of the rows."""
    forgets = pl.Series(generator.random(frame.height) < share)
    return frame.with_columns(
        pl.when(forgets).then(None).otherwise(pl.col(name)).alias(name) for name in columns
    )


def typical_rows(labelled: pl.DataFrame, encoding: Encoding) -> dict[str, list[float | None]]:
    """The median of each feature over the newest complaints of each type; "" is the city's.

    Null where a feature is mostly unknown. What a feature does to a forecast is seen by putting
    the typical value in its place.
    """
    newest = labelled.group_by("complaint_type", maintain_order=True).tail(TYPICAL_ROWS)
    rows = _typical_of(newest, labelled, encoding)
    kinds = newest["complaint_type"].to_numpy()
    typical = {"": _typical_of(labelled.tail(TYPICAL_ROWS_OF_CITY), labelled, encoding)}
    typical |= {kind: rows[kinds == kind] for kind in sorted(set(kinds))}
    return {kind: _medians(rows) for kind, rows in typical.items()}


def _typical_of(asked: pl.DataFrame, labelled: pl.DataFrame, encoding: Encoding) -> Matrix:
    known = with_queue(with_usual(asked, encoding), labelled, encoding.time_zone)
    return encode_frame(known, encoding)


def _medians(rows: Matrix) -> list[float | None]:
    """The median of each column of (n, k), null where most are NaN."""
    order = np.sort(rows, axis=0)  # NaN last
    middle = order[(len(rows) - 1) // 2]
    return [None if np.isnan(value) else round(float(value), DIGITS) for value in middle]


def parity_rows(
    labelled: pl.DataFrame, encoding: Encoding, generator: np.random.Generator
) -> Matrix:
    """Encoded rows to compare two implementations on: (`PARITY_ROWS`, k).

    A quarter each: real rows, unseen categories, gaps, and real rows moved by the smallest
    float32 step, which tells thresholds apart that were rounded the wrong way.
    """
    quarter = PARITY_ROWS // 4
    some = labelled[generator.integers(labelled.height, size=quarter)]
    sample = with_queue(some, labelled, encoding.time_zone)
    unseen = sample.with_columns(pl.lit("never-seen").alias(name) for name in CATEGORIES)
    rows = encode_frame(sample, encoding)
    gaps = rows.copy()
    gaps[generator.random(gaps.shape) < PARITY_GAP_SHARE] = np.nan
    moved = np.nextafter(rows, np.float32(np.inf))
    return np.vstack([rows, encode_frame(unseen, encoding), gaps, moved])
