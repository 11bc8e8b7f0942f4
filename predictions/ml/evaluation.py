"""How good a forecast is, beside the simple ones: split by time, never shuffled.

Train as of one moment, forecast what was filed after it, compare with what became of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import TypedDict

import numpy as np
import polars as pl

from .features import encode_frame, with_usual
from .labels import TooFewComplaints, labels_as_of, outcomes
from .metrics import Metrics, Outlook, calibration, measure
from .queue_history import with_queue
from .rivals import (
    forest_closed_rows,
    global_median,
    kaplan_meier,
    promise,
    recently,
    type_median,
)
from .survival import Booleans
from .training import Progress, TrainedModel, train

ENDLESS = timedelta(days=36_500)
# Fewer rows than this say nothing about a type or an agency.
FEWEST_ROWS_OF_GROUP = 50
TABLE_COLUMNS = {
    "mae_hours": "MAE h",
    "median_ae_hours": "median AE",
    "brier_24": "Brier 24",
    "brier_72": "Brier 72",
    "brier_168": "Brier 168",
    "coverage_80": "cover 80 %",
    "width_80_hours": "width h",
    "concordance": "C",
}


class ModelMetrics(TypedDict):
    """The errors of one model: over all rows, and by agency and type."""

    overall: Metrics
    by_agency: dict[str, Metrics]
    by_type: dict[str, Metrics]


class Evaluation(TypedDict):
    """The result of `evaluate`; times are ISO 8601 in UTC.

    `models` holds `forecast`, `kaplan_meier`, `kaplan_meier_recent`, `type_median`,
    `global_median` and, if asked for, `forest_closed_rows` and `promise`.
    """

    as_of: str
    test_from: str
    test_until: str
    restrict_hours: float
    rows: int
    models: dict[str, ModelMetrics]


def evaluate(
    frame: pl.DataFrame,
    *,
    as_of: datetime,
    time_zone: str,
    model: TrainedModel | None = None,
    test_from: datetime | None = None,
    test_until: datetime | None = None,
    restrict_hours: float = 168.0,
    holidays: Iterable[date] | None = None,
    promised_hours: Mapping[str, float] | None = None,
    forest: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Errors on complaints filed in [test_from, test_until), all models trained as of `as_of`.

    Parameters
    ----------
    model
        One trained as of `as_of` on the same complaints; None trains it.
    test_from
        Default and earliest: `as_of`.
    test_until
        Default: no end. Only rows whose first `restrict_hours` are known count.
    promised_hours
        What the city promises, by type: a model of the rows of these types.
    forest
        Whether to fit the random forest of the tutorials as well, which takes a while.

    Raises ValueError if the test would overlap the training, TooFewComplaints if no row is fully
    observed.
    """
    start = test_from or as_of
    trained = model or train(
        frame, as_of=as_of, time_zone=time_zone, holidays=holidays, progress=progress
    )
    learned_until = trained.forecaster().header.as_of
    if start < max(as_of, learned_until):
        raise ValueError(f"test from {start} overlaps the training as of {learned_until}")
    test = _tested(frame, start, test_until, restrict_hours)
    known = labels_as_of(frame, as_of, time_zone)
    outlooks = {"forecast": forecast_outlook(trained, test, frame)}
    outlooks |= _rivals(known, test, as_of)
    if forest:
        outlooks["forest_closed_rows"] = forest_closed_rows(known, test, time_zone)
    models = {
        name: _model_metrics(outlook, test, restrict_hours) for name, outlook in outlooks.items()
    }
    promised = promise(promised_hours or {}, test)
    if promised is not None:
        outlook, is_promised = promised
        models["promise"] = _model_metrics(outlook, test.filter(is_promised), restrict_hours)
    latest: datetime = test.select(pl.col("created_at").max()).item()
    return Evaluation(
        as_of=_iso(as_of),
        test_from=_iso(start),
        test_until=_iso(test_until or latest),
        restrict_hours=restrict_hours,
        rows=test.height,
        models=models,
    )


def _tested(
    frame: pl.DataFrame, start: datetime, until: datetime | None, restrict_hours: float
) -> pl.DataFrame:
    test = outcomes(frame, start, until or start + ENDLESS, restrict_hours)
    if test.is_empty():
        raise TooFewComplaints(
            f"no complaint filed from {start} to {until or 'the end'} is known for "
            f"{restrict_hours} hours"
        )
    return test


def _rivals(known: pl.DataFrame, test: pl.DataFrame, as_of: datetime) -> dict[str, Outlook]:
    """What the simple models say that take no time to fit."""
    return {
        "kaplan_meier": kaplan_meier(known, test),
        "kaplan_meier_recent": kaplan_meier(known, test, since=recently(as_of)),
        "type_median": type_median(known, test),
        "global_median": global_median(known, test),
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def forecast_outlook(trained: TrainedModel, test: pl.DataFrame, frame: pl.DataFrame) -> Outlook:
    """What the exported model, as it serves, says about the test rows of a city's complaints."""
    forecaster = trained.forecaster()
    encoding = forecaster.header.encoding
    asked = with_queue(with_usual(test, encoding), frame, encoding.time_zone)
    features = forecaster.choose(encode_frame(asked, encoding))
    edges = np.array(forecaster.header.edges_hours)
    return Outlook.of_curves(edges, forecaster.cumulative(features))


def _model_metrics(outlook: Outlook, test: pl.DataFrame, restrict_hours: float) -> ModelMetrics:
    hours = test["hours"].to_numpy()

    def by(column: str) -> dict[str, Metrics]:
        counts = (
            test[column].drop_nulls().value_counts().filter(pl.col("count") >= FEWEST_ROWS_OF_GROUP)
        )
        found = {}
        for name in sorted(counts[column].to_list()):
            chosen: Booleans = (test[column] == name).fill_null(value=False).to_numpy()
            found[name] = measure(outlook.rows(chosen), hours[chosen], restrict_hours)
        return found

    return ModelMetrics(
        overall=measure(outlook, hours, restrict_hours)
        | calibration(outlook, hours, restrict_hours),
        by_agency=by("agency"),
        by_type=by("complaint_type"),
    )


def format_table(result: Evaluation) -> str:
    """The overall errors as a table for the terminal, one line a model."""
    first = next(iter(result["models"].values()))["overall"]
    columns = [name for name in TABLE_COLUMNS if name in first]
    heads = "".join(f"{TABLE_COLUMNS[name]:>12}" for name in columns)
    lines = [
        f"as of {result['as_of']}, {result['rows']:,} complaints filed from {result['test_from']} "
        f"to {result['test_until']}, time restricted to {result['restrict_hours']:g} h",
        f"{'model':<20}{heads}",
    ]
    for name, metrics in result["models"].items():
        cells = "".join(f"{cell(column, metrics['overall']):>12}" for column in columns)
        lines.append(f"{name:<20}{cells}")
    return "\n".join(lines)


def cell(column: str, metrics: Metrics) -> str:
    """A number, or a dash where the model says nothing of the kind."""
    if column not in metrics:
        return "–"
    value = metrics[column]
    return f"{value:.2f}" if column.endswith("_hours") else f"{value:.4f}"
