from __future__ import annotations

import math
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictions.ml.person_periods import person_periods, recency, thin
from predictions.ml.survival import EDGES_HOURS, Curve
from predictions.tests.ml_data import START, frame_of, row

HAZARDS = np.linspace(0.02, 0.4, len(EDGES_HOURS) - 1)
CURVE = Curve(EDGES_HOURS, (0.0, *np.cumsum(-np.log1p(-HAZARDS)).tolist()))


def log_likelihood(hours: float, *, closed: bool) -> float:
    spread = person_periods(
        np.zeros((1, 1), np.float32), np.array([hours]), np.array([closed]), np.ones(1)
    )
    hazard = HAZARDS[spread.rows[:, -1].astype(int)]
    terms = np.where(spread.closed, np.log(hazard), np.log1p(-hazard))
    return float(spread.weights @ terms)


@settings(deadline=None)  # the machine may be busy
@given(st.floats(0.001, 1440))
def test_a_censored_row_has_the_likelihood_of_its_curve(hours: float) -> None:
    expected = -CURVE.hazard_at(hours)
    assert log_likelihood(hours, closed=False) == pytest.approx(expected, abs=1e-9)


@settings(deadline=None)  # the machine may be busy
@given(st.floats(0.001, 1440))
def test_a_closed_row_has_the_likelihood_of_closing_in_its_bin(hours: float) -> None:
    end = int(np.searchsorted(EDGES_HOURS, hours))
    share = CURVE.closed_within(EDGES_HOURS[end]) - CURVE.closed_within(EDGES_HOURS[end - 1])
    assert log_likelihood(hours, closed=True) == pytest.approx(math.log(share), abs=1e-6)


def test_each_row_keeps_its_features_and_weight() -> None:
    features = np.array([[7, np.nan], [8, 1]], np.float32)
    hours, closed = np.array([0.7, 0.25]), np.array([True, False])
    spread = person_periods(features, hours, closed, np.array([2.0, 3.0]))
    np.testing.assert_array_equal(spread.rows, [[7, np.nan, 0], [7, np.nan, 1], [8, 1, 0]])
    assert spread.closed.tolist() == [False, True, False]
    assert spread.weights.tolist() == [2, 2, 1.5]


def test_a_row_seen_for_no_time_gives_nothing() -> None:
    none = person_periods(np.zeros((1, 1), np.float32), np.zeros(1), np.zeros(1, bool), np.ones(1))
    assert none.rows.shape == (0, 2)


def test_a_complaint_one_half_life_old_counts_half() -> None:
    frame = frame_of(row(), row(created_at=START + timedelta(days=7)))
    weights = recency(frame, START + timedelta(days=7), 7.0)
    assert weights == pytest.approx([0.5, 1.0])


def test_nothing_is_thinned_below_the_bound() -> None:
    weights = np.array([0.1, 1.0])
    chosen, kept = thin(np.array([1.0, 2.0]), weights, 1000, np.random.default_rng(0))
    assert chosen.tolist() == [0, 1]
    assert kept is weights


def test_thinning_keeps_the_bound_the_heavy_rows_and_the_total_weight() -> None:
    generator = np.random.default_rng(1)
    hours, weights = generator.exponential(50, 40_000), 0.5 ** generator.uniform(0, 12, 40_000)
    bins = np.searchsorted(EDGES_HOURS, hours)
    chosen, kept = thin(hours, weights, 100_000, generator)
    assert bins[chosen].sum() == pytest.approx(100_000, rel=0.03)
    assert kept.sum() == pytest.approx(weights.sum(), rel=0.03)
    assert kept @ hours[chosen] == pytest.approx(weights @ hours, rel=0.05)
    assert set(np.flatnonzero(weights > kept.min())) <= set(chosen)
