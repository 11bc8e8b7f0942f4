"""Rolling-origin evaluation: the same test at several origins, each trained as of its own."""

from __future__ import annotations

from datetime import datetime
from itertools import chain
from typing import Any

import numpy as np
import polars as pl

from .evaluation import Evaluation, ModelMetrics, evaluate
from .metrics import CALIBRATION_BINS, Bin, Metrics
from .training import Progress


class Folds(Evaluation):
    """The mean over `folds`, weighted by their rows; `as_of` and times are the newest's."""

    folds: list[Evaluation]


def evaluate_folds(
    frame: pl.DataFrame,
    *,
    as_of: datetime,
    test_until: datetime,
    folds: int,
    progress: Progress,
    **options: Any,
) -> Evaluation | Folds:
    """Evaluate as of `as_of`, and at `folds` − 1 origins before it, each a test's length earlier.

    One fold is a plain `Evaluation`.

    `options` are those of `evaluate`. Raises TooFewComplaints, ValueError as `evaluate` does.
    """
    length = test_until - as_of
    results = []
    for number in range(folds):
        back = length * (folds - 1 - number)

        def tell(text: str, share: float, number: int = number) -> None:
            progress(
                f"{number + 1}/{folds}: {text}" if folds > 1 else text, (number + share) / folds
            )

        results.append(
            evaluate(
                frame,
                as_of=as_of - back,
                test_until=test_until - back,
                progress=tell,
                **options,
            )
        )
    newest = results[-1]
    if folds == 1:
        return newest
    return Folds(
        as_of=newest["as_of"],
        test_from=newest["test_from"],
        test_until=newest["test_until"],
        restrict_hours=newest["restrict_hours"],
        rows=sum(one["rows"] for one in results),
        models=_mean(results),
        folds=results,
    )


def _mean(results: list[Evaluation]) -> dict[str, ModelMetrics]:
    names = dict.fromkeys(chain.from_iterable(one["models"] for one in results))
    found = {}
    for name in names:
        models = [one["models"][name] for one in results if name in one["models"]]
        found[name] = ModelMetrics(
            overall=_mean_metrics([one["overall"] for one in models]),
            by_agency=_mean_groups([one["by_agency"] for one in models]),
            by_type=_mean_groups([one["by_type"] for one in models]),
        )
    return found


def _mean_groups(groups: list[dict[str, Metrics]]) -> dict[str, Metrics]:
    names = sorted(set(chain.from_iterable(groups)))
    return {name: _mean_metrics([one[name] for one in groups if name in one]) for name in names}


def _mean_metrics(all_metrics: list[Metrics]) -> Metrics:
    """The mean weighted by rows, `rows` added up."""
    weights = [metrics["rows"] for metrics in all_metrics]
    mean: Metrics = {}
    for name, value in all_metrics[0].items():
        values = [metrics[name] for metrics in all_metrics]
        if isinstance(value, list):
            mean[name] = _pooled_bins(list(chain.from_iterable(values)))
        else:
            mean[name] = round(float(np.average(values, weights=weights)), 5)
    return mean | {"rows": float(sum(weights))}


def _pooled_bins(bins: list[Bin]) -> list[Bin]:
    places: dict[int, list[Bin]] = {}
    for one in bins:
        place = min(int(one["said"] * CALIBRATION_BINS), CALIBRATION_BINS - 1)
        places.setdefault(place, []).append(one)
    return [_pooled(places[place]) for place in sorted(places)]


def _pooled(bins: list[Bin]) -> Bin:
    rows = [one["rows"] for one in bins]
    return Bin(
        said=round(float(np.average([one["said"] for one in bins], weights=rows)), 5),
        closed=round(float(np.average([one["closed"] for one in bins], weights=rows)), 5),
        rows=sum(rows),
    )
