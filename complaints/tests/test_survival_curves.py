"""The curves that fixtures/survival.py measures, on rows small enough to check by hand."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest
from django.conf import settings


@pytest.fixture(scope="module")
def survival() -> ModuleType:
    path = Path(settings.BASE_DIR) / "fixtures" / "survival.py"
    spec = importlib.util.spec_from_file_location("fixtures_survival", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def test_an_open_row_counts_until_it_was_last_seen(survival: ModuleType) -> None:
    curve = survival.kaplan_meier(
        np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, False, True, True])
    )
    # One of four closes; the second is lost; then one of two, then the last.
    assert curve.hours.tolist() == [1, 3, 4]
    assert curve.closed == pytest.approx([0.25, 0.625, 1])


def test_a_curve_ends_where_nothing_more_was_seen_to_close(survival: ModuleType) -> None:
    curve = survival.kaplan_meier(
        np.array([1.0, 2.0, 9.0, 9.0]), np.array([1, 1, 0, 0], dtype=bool)
    )
    quantiles = curve.quantiles()
    assert quantiles["shares"][-1] == 0.5
    assert quantiles["hours"][-1] == 2.0


def test_nothing_seen_to_close_has_no_quantiles(survival: ModuleType) -> None:
    curve = survival.kaplan_meier(np.array([5.0, 6.0]), np.array([False, False]))
    assert curve.quantiles() == {"shares": [], "hours": []}


def test_new_rows_rule_the_first_ten_days_and_all_rows_the_rest(survival: ModuleType) -> None:
    rows = pl.DataFrame(
        {
            "hours": [10.0] * 200 + [200.0] * 200 + [1000.0] * 400,
            "is_event": [True] * 200 + [False] * 200 + [True] * 400,
            "is_new_system": [True] * 400 + [False] * 400,
        }
    )
    curve = survival.spliced(rows)
    # Of the new rows half close after ten hours; of all rows all those left do after 1,000.
    assert curve.hours.tolist() == [10, 1000]
    assert curve.closed == pytest.approx([0.5, 1])


def test_scores_are_even_around_nought(survival: ModuleType) -> None:
    hours = np.random.default_rng(0).exponential(5, 4000)
    seen = np.random.default_rng(1).exponential(8, 4000)
    is_event = hours <= seen
    followed = np.minimum(hours, seen)
    curve = survival.kaplan_meier(followed, is_event)
    scores = curve.scores(followed, is_event)
    assert scores.mean() == pytest.approx(0, abs=0.03)
    # Of two rows followed equally long, the one still open is the slower.
    assert scores[~is_event].mean() > scores[is_event].mean()
