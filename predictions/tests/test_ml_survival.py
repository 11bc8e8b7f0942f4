from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints.models.promise import HORIZON_HOURS
from predictions.ml.survival import (
    EDGES_HOURS,
    Curve,
    KaplanMeier,
    closed_within,
    exposure,
    quantiles,
)

BINS = len(EDGES_HOURS) - 1
steps = st.lists(st.floats(0, 4), min_size=BINS, max_size=BINS)
shares = st.floats(0.01, 0.99)
instants = st.floats(0, EDGES_HOURS[-1])


def curve_of(rises: list[float]) -> Curve:
    return Curve(EDGES_HOURS, (0.0, *np.cumsum(rises).tolist()))


def test_the_bins_hold_the_hours_that_are_promised() -> None:
    assert {24.0, 72.0, 168.0, 0.5, 1440.0} <= set(EDGES_HOURS)


def test_a_stored_promise_knows_the_last_hour_that_models_speak_of() -> None:
    assert EDGES_HOURS[-1] == HORIZON_HOURS
    assert list(EDGES_HOURS) == sorted(set(EDGES_HOURS))


@settings(deadline=None)  # the machine may be busy
@given(steps, instants, instants)
def test_a_curve_never_falls(rises: list[float], one: float, other: float) -> None:
    curve = curve_of(rises)
    early, late = sorted((one, other))
    assert 0 <= curve.closed_within(early) <= curve.closed_within(late) <= 1


@settings(deadline=None)  # the machine may be busy
@given(steps, shares, shares)
def test_quantiles_are_in_order_and_within_the_horizon(
    rises: list[float], one: float, other: float
) -> None:
    curve = curve_of(rises)
    low, high = (curve.quantile(share) for share in sorted((one, other)))
    assert 0 <= low <= high <= curve.horizon_hours


@settings(deadline=None)  # the machine may be busy
@given(steps, shares)
def test_a_quantile_is_where_the_curve_reaches_its_share(rises: list[float], share: float) -> None:
    curve = curve_of(rises)
    hours = curve.quantile(share)
    if curve.is_beyond(share):
        assert hours == curve.horizon_hours
    else:
        assert curve.closed_within(hours) == pytest.approx(share, abs=1e-6)


@settings(deadline=None)  # the machine may be busy
@given(steps, instants.filter(lambda hours: hours < EDGES_HOURS[-1]), instants)
def test_the_remaining_time_is_the_curve_conditioned_on_being_open(
    rises: list[float], open_hours: float, more: float
) -> None:
    curve = curve_of(rises)
    rest = curve.after(open_hours)
    more = min(more, rest.horizon_hours)
    # P(open at s + t) = P(open at s) · P(open t more hours | open at s), in cumulative hazards.
    expected = curve.hazard_at(open_hours + more) - curve.hazard_at(open_hours)
    assert rest.hazard_at(more) == pytest.approx(expected, abs=1e-6)
    assert rest.horizon_hours == pytest.approx(curve.horizon_hours - open_hours)


@settings(deadline=None)  # the machine may be busy
@given(steps, shares)
def test_many_curves_answer_as_one_does(rises: list[float], share: float) -> None:
    curve = curve_of(rises)
    edges, stacked = np.array(curve.edges), np.array([curve.cumulative])
    assert quantiles(edges, stacked, share)[0] == curve.quantile(share)
    for hours in (0.2, 24, 100, 1440):
        assert closed_within(edges, stacked, hours)[0] == curve.closed_within(hours)


@settings(deadline=None)  # the machine may be busy
@given(steps, st.floats(0.1, 2000))
def test_the_restricted_mean_is_the_area_under_the_open_share(
    rises: list[float], hours: float
) -> None:
    curve = curve_of(rises)
    marks = np.linspace(0, hours, 20_001)
    levels = np.interp(marks, curve.edges, curve.cumulative)
    area = np.trapezoid(np.exp(-levels), marks)
    assert curve.restricted_mean(hours) == pytest.approx(area, rel=2e-3, abs=hours * 1e-4)


def test_a_constant_hazard_gives_the_exponential_law() -> None:
    curve = Curve(EDGES_HOURS, tuple(edge / 10 for edge in EDGES_HOURS))
    assert curve.quantile(0.5) == pytest.approx(10 * math.log(2))
    assert curve.restricted_mean(1440) == pytest.approx(10)
    assert curve.after(33.3).quantile(0.5) == pytest.approx(10 * math.log(2))


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, math.nan])
def test_it_refuses_a_share_that_is_none(share: float) -> None:
    with pytest.raises(ValueError, match="expected one between 0 and 1"):
        curve_of([0.1] * BINS).quantile(share)


@pytest.mark.parametrize("hours", [-1.0, 1440.0, math.nan])
def test_it_says_nothing_of_complaints_open_past_the_horizon(hours: float) -> None:
    with pytest.raises(ValueError, match="below the horizon"):
        curve_of([0.1] * BINS).after(hours)


def test_a_censored_row_counts_its_last_bin_by_the_share_it_was_watched() -> None:
    hours = np.array([0.5, 0.6, 0.75, 0.75, 5000.0, 5000.0])
    closed = np.array([True, True, True, False, False, True])
    last, share = exposure(hours, closed, np.array(EDGES_HOURS))
    assert last.tolist() == [0, 1, 1, 1, BINS - 1, BINS - 1]
    assert share.tolist() == [1, 1, 1, 0.5, 1, 1]


def test_kaplan_meier_gives_the_textbook_estimate() -> None:
    # Six rows; the ones at 2 and 4 hours are still open: 5/6, then 3/4, 1/2 and 0 of it.
    hours, closed = np.array([1.0, 2, 3, 4, 5, 6]), np.array([1, 0, 1, 0, 1, 1], bool)
    estimate = KaplanMeier.fit(hours, closed)
    assert estimate.hours.tolist() == [1, 3, 5, 6]
    assert estimate.open_share == pytest.approx([5 / 6, 5 / 8, 5 / 16, 0])
    assert estimate.closed_within(2.9) == pytest.approx(1 / 6)
    assert estimate.quantile(0.5) == 5


def test_kaplan_meier_says_infinity_where_too_few_closed() -> None:
    estimate = KaplanMeier.fit(np.array([1.0, 2, 3]), np.array([True, False, False]))
    assert estimate.quantile(0.5) == math.inf
    assert estimate.quantile(0.3) == 1


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans(), st.integers(1, 3)), min_size=1))
def test_a_weight_counts_like_as_many_rows(rows: list[tuple[int, bool, int]]) -> None:
    hours, closed, weights = (np.array(column) for column in zip(*rows, strict=True))
    weighted = KaplanMeier.fit(hours.astype(float), closed, weights.astype(float))
    repeated = KaplanMeier.fit(np.repeat(hours, weights).astype(float), np.repeat(closed, weights))
    assert weighted.open_share == pytest.approx(repeated.open_share)
