from __future__ import annotations

import math
from datetime import timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from predictions.ml.evaluation import Evaluation, evaluate, format_table
from predictions.ml.labels import TooFewComplaints
from predictions.ml.metrics import Outlook, concordance, measure, pinball
from predictions.tests.ml_data import AS_OF, ZONE, complaints, trained

MODELS = ["forecast", "kaplan_meier", "kaplan_meier_recent", "type_median", "global_median"]


@cache
def result() -> Evaluation:
    return evaluate(complaints(), as_of=AS_OF, time_zone=ZONE, model=trained(), restrict_hours=72)


def outlook(low: float, median: float, high: float, within_24: float) -> Outlook:
    quantiles = {0.1: np.array([low]), 0.5: np.array([median]), 0.9: np.array([high])}
    return Outlook(quantiles, {hours: np.array([within_24]) for hours in (24, 72, 168)})


def test_errors_are_those_of_the_restricted_time() -> None:
    found = measure(outlook(10, 100, 500, 0.2), np.array([math.inf]), 72)
    assert found["mae_hours"] == 0
    assert found["coverage_80"] == 1
    assert found["width_80_hours"] == 62
    assert found["brier_24"] == pytest.approx(0.04)
    assert "brier_168" not in found


def test_errors_of_a_closed_row() -> None:
    found = measure(outlook(10, 20, 40, 0.9), np.array([5.0]), 72)
    assert (found["mae_hours"], found["median_ae_hours"]) == (15, 15)
    assert found["mae_log"] == pytest.approx(math.log(21 / 6), abs=1e-5)
    assert found["coverage_80"] == 0
    assert found["brier_24"] == pytest.approx(0.01)
    assert found["pinball_10"] == pytest.approx(4.5)
    assert found["pinball_50"] == 7.5


def test_the_true_quantile_has_the_lowest_pinball_loss() -> None:
    truth = np.random.default_rng(0).exponential(10, 20_000)
    best = np.quantile(truth, 0.9)
    losses = [pinball(truth, np.full(len(truth), guess), 0.9) for guess in (0.8 * best, best, 30)]
    assert losses[1] == min(losses)


def test_concordance_counts_pairs_in_the_right_order() -> None:
    hours, closed = np.array([1.0, 2, 3]), np.array([True, True, False])
    assert concordance(hours, closed, np.array([1.0, 2, 3])) == 1
    assert concordance(hours, closed, np.array([3.0, 2, 1])) == 0
    assert concordance(hours, closed, np.array([1.0, 1, 1])) == 0.5
    assert concordance(hours, closed, np.array([1.0, 3, 2])) == pytest.approx(2 / 3)
    assert concordance(hours, np.zeros(3, bool), hours) == 0.5


def test_all_models_are_measured_on_the_same_rows() -> None:
    assert list(result()["models"]) == MODELS
    for metrics in result()["models"].values():
        assert metrics["overall"]["rows"] == result()["rows"]
        assert set(metrics["by_agency"]) == {"POLICE", "HOUSING", "PARKS"}
        assert set(metrics["by_type"]) == {"noise", "heat", "tree"}


def test_the_forecast_beats_the_simple_ones_where_the_descriptor_matters() -> None:
    overall = {name: metrics["overall"] for name, metrics in result()["models"].items()}
    for name in MODELS[1:]:
        assert overall["forecast"]["mae_hours"] < 0.98 * overall[name]["mae_hours"]
        assert overall["forecast"]["brier_24"] < 0.97 * overall[name]["brier_24"]
    assert overall["forecast"]["coverage_80"] == pytest.approx(0.8, abs=0.06)


def test_only_rows_filed_after_the_date_and_fully_seen_are_tested() -> None:
    # 35 days are seen, 28 learned from, 3 days of follow-up: four days can be tested.
    tested = complaints().filter(pl.col("created_at").is_between(AS_OF, AS_OF + timedelta(days=4)))
    assert result()["rows"] == tested.height
    assert result()["test_from"] == "2026-03-30T05:00:00+00:00"


def test_a_test_inside_the_training_is_refused() -> None:
    early = AS_OF - timedelta(days=1)
    with pytest.raises(ValueError, match="overlaps the training"):
        evaluate(complaints(), as_of=AS_OF, test_from=early, time_zone=ZONE, model=trained())
    with pytest.raises(ValueError, match="overlaps the training"):
        evaluate(complaints(), as_of=early, time_zone=ZONE, model=trained())


def test_a_test_without_a_fully_seen_row_is_refused() -> None:
    with pytest.raises(TooFewComplaints, match="is known for 200 hours"):
        evaluate(complaints(), as_of=AS_OF, time_zone=ZONE, model=trained(), restrict_hours=200)


def test_a_type_never_seen_is_judged_by_all_rows() -> None:
    renamed = complaints().with_columns(
        complaint_type=pl.when(pl.col("created_at") >= AS_OF)
        .then(pl.lit("new"))
        .otherwise("complaint_type")
    )
    found = evaluate(renamed, as_of=AS_OF, time_zone=ZONE, model=trained(), restrict_hours=72)
    models = found["models"]
    assert models["type_median"]["overall"] == models["global_median"]["overall"]
    assert math.isfinite(models["forecast"]["overall"]["mae_hours"])


def test_the_table_has_a_line_for_each_model() -> None:
    lines = format_table(result()).splitlines()
    assert [line.split()[0] for line in lines[2:]] == MODELS
    assert "restricted to 72 h" in lines[0]
    assert "Brier 168" not in lines[1]
    assert all(len(line) <= 120 for line in lines[1:])
