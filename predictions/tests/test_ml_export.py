from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import numpy_helper
from sklearn.ensemble import HistGradientBoostingClassifier

from predictions.ml import training
from predictions.ml.export import (
    ParityError,
    check_parity,
    export,
    float32_at_most,
    run_hazards,
    runs_of_bins,
    with_bin,
)
from predictions.ml.features import Matrix
from predictions.ml.runtime import open_session
from predictions.tests.ml_data import AS_OF, ZONE, complaints

BINS = 7


def rows(count: int, seed: int = 0) -> Matrix:
    generator = np.random.default_rng(seed)
    # Few distinct values, so that many rows lie exactly on a threshold.
    values = generator.integers(0, 40, size=(count, 4)) / 10
    values[generator.random(values.shape) < 0.2] = np.nan
    return values.astype(np.float32)


def classifier(trees: int = 30, leaves: int = 12) -> HistGradientBoostingClassifier:
    features, generator = rows(4_000), np.random.default_rng(1)
    bins = generator.integers(BINS, size=(len(features), 1))
    wave = np.sin(np.nan_to_num(features[:, 0], nan=9) * bins[:, 0]) + np.nan_to_num(features[:, 1])
    closed = generator.random(len(features)) < 1 / (1 + np.exp(-wave))
    model = HistGradientBoostingClassifier(
        max_iter=trees, max_leaf_nodes=leaves, early_stopping=False, random_state=0
    )
    return model.fit(np.hstack([features, bins]).astype(np.float32), closed)


def test_one_row_gives_the_hazards_of_all_bins_as_scikit_learn_does() -> None:
    model, unseen = classifier(), rows(10_000, seed=5) * np.float32(1.3) - 1
    session = open_session(export(model, BINS))
    expected = np.stack(
        [model.predict_proba(with_bin(unseen, number))[:, 1] for number in range(BINS)], axis=1
    )
    np.testing.assert_allclose(run_hazards(session, unseen), expected, atol=1e-6)
    assert check_parity(export(model, BINS), model, unseen) < 1e-6


def test_the_cumulative_hazard_is_that_of_the_hazards() -> None:
    session, some = open_session(export(classifier(), BINS)), rows(200)
    hazards = run_hazards(session, some).astype(float)
    cumulative = session.run(["cumulative"], {"features": some})[0]
    np.testing.assert_allclose(cumulative, np.cumsum(-np.log1p(-hazards), axis=1), rtol=1e-4)


@pytest.mark.parametrize("count", [2, 3, 16, 1_000])
def test_a_row_is_answered_alone_as_among_others_to_the_last_bit(count: int) -> None:
    session, some = open_session(export(classifier(), BINS)), rows(count)
    together = session.run(["cumulative"], {"features": some})[0]
    alone = [session.run(["cumulative"], {"features": row[None, :]})[0] for row in some]
    np.testing.assert_array_equal(together, np.vstack(alone))


def test_trees_that_ask_only_for_the_bin_become_constants() -> None:
    bins = np.repeat(np.arange(BINS), 200)[:, None].astype(np.float32)
    nothing = np.zeros((len(bins), 4), np.float32)
    closed = np.arange(len(bins)) % (2 + bins[:, 0]) < 1
    model = HistGradientBoostingClassifier(max_iter=5).fit(np.hstack([nothing, bins]), closed)
    assert check_parity(export(model, BINS), model, rows(10_000)) < 1e-6


def test_a_damaged_export_is_refused_with_the_figure() -> None:
    model = classifier(trees=5)
    damaged = onnx.load_from_string(export(model, BINS))
    bias = next(i for i in damaged.graph.initializer if i.name == "bias")
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(0.01), "bias"))
    with pytest.raises(ParityError, match=r"differ by \d.*e-03"):
        check_parity(damaged.SerializeToString(), model, rows(10_000))


def test_a_handful_of_rows_proves_no_parity() -> None:
    model = classifier(trees=2)
    with pytest.raises(ParityError, match="at least 10000"):
        check_parity(export(model, BINS), model, rows(9_999))


def test_no_model_leaves_training_without_parity(monkeypatch: pytest.MonkeyPatch) -> None:
    def export_another(model: HistGradientBoostingClassifier, bins: int) -> bytes:
        features = np.zeros((500, model.n_features_in_), np.float32)
        features[:, -1] = np.arange(500) % bins
        other = HistGradientBoostingClassifier(max_iter=1)
        return export(other.fit(features, features[:, -1] > bins / 2), bins)

    monkeypatch.setattr(training, "export", export_another)
    with pytest.raises(ParityError):
        training.train(complaints(1_500), as_of=AS_OF + timedelta(days=1), time_zone=ZONE)


@settings(deadline=None)  # the machine may be busy
@given(st.floats(-1e6, 1e6), st.integers(-3, 3))
def test_a_float32_threshold_decides_as_the_float64_one(threshold: float, steps: int) -> None:
    value = np.float32(threshold)
    for _ in range(abs(steps)):
        value = np.nextafter(value, np.float32(math.copysign(math.inf, steps)))
    assert (float(value) <= float32_at_most(threshold)) == (float(value) <= threshold)


def test_an_infinite_threshold_stays_infinite() -> None:
    assert float32_at_most(math.inf) == math.inf


def test_the_runs_of_bins_cover_each_bin_once() -> None:
    for (predictor,) in classifier()._predictors:
        runs = list(runs_of_bins(predictor.nodes, 4, BINS))
        assert [number for first, end in runs for number in range(first, end)] == list(range(BINS))
