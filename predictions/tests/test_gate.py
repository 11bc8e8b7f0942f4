"""What lets a newly trained version take over, and what keeps it out."""

from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from predictions.gate import FEWEST_ROWS, Rival, Verdict, judge, reasons
from predictions.holdout import ENOUGH_ROWS, MOST_DAYS, RESTRICT_HOURS, Holdout
from predictions.ml.evaluation import Evaluation, ModelMetrics
from predictions.tests.ml_data import START, frame_of, row

GOOD = {"mae_hours": 8.0, "brier_24": 0.08, "coverage_80": 0.82}
WORSE = {"mae_hours": 9.0, "brier_24": 0.09, "coverage_80": 0.82}


def metrics(overall: dict[str, float]) -> ModelMetrics:
    return ModelMetrics(overall=overall, by_agency={}, by_type={})


def judged(
    ours: dict[str, float] | None = None,
    rival: Rival | None = None,
    rows: int = 5_000,
    parity: float = 1e-7,
    **baselines: dict[str, float],
) -> Verdict:
    models = {
        "forecast": GOOD | (ours or {}),
        "kaplan_meier": WORSE | baselines.get("kaplan_meier", {}),
        "kaplan_meier_recent": WORSE | baselines.get("kaplan_meier_recent", {}),
    }
    result = Evaluation(
        as_of="2026-03-30T05:00:00+00:00",
        test_from="2026-03-30T05:00:00+00:00",
        test_until="2026-04-03T05:00:00+00:00",
        restrict_hours=72.0,
        rows=rows,
        models={name: metrics(overall) for name, overall in models.items()},
    )
    return judge(result, parity, rival, "its rehearsal", "2026-04-06T05:00:00+00:00")


def against(overall: dict[str, float]) -> Rival:
    return Rival("nyc-1", "nyc-1 itself", metrics(overall))


def test_the_first_version_has_only_the_simple_forecasts_to_beat() -> None:
    verdict = judged()
    assert verdict["passed"]
    assert verdict["against"] == "none serves yet"
    assert verdict["holdout"]["rows"] == 5_000
    assert not reasons(verdict)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ours": {"mae_hours": 9.5}}, "mean error, h against Kaplan–Meier per type"),
        ({"ours": {"brier_24": 0.09}}, "Brier score at 24 h against Kaplan–Meier per type"),
        ({"kaplan_meier_recent": {"mae_hours": 7.9}}, "against Kaplan–Meier per type, recent"),
        ({"ours": {"coverage_80": 0.69}}, "coverage of the 80 % interval: got 0.69"),
        ({"ours": {"coverage_80": 0.93}}, "coverage of the 80 % interval: got 0.93"),
        ({"parity": 2e-5}, "difference between ONNX and scikit-learn: got 2e-05"),
        ({"rows": FEWEST_ROWS - 1}, "complaints in the holdout: got 99"),
        ({"rival": against({"mae_hours": 7.9, "brier_24": 0.079})}, "in something"),
        ({"rival": against({"mae_hours": 7.5, "brier_24": 0.09})}, "mean error, h against nyc-1"),
        ({"ours": {"mae_hours": float("nan")}}, "mean error, h against Kaplan–Meier"),
        ({"ours": {"coverage_80": float("nan")}}, "coverage of the 80 % interval"),
        ({"parity": float("nan")}, "difference between ONNX and scikit-learn"),
    ],
)
def test_one_failed_check_keeps_it_out_and_says_which(changes: Any, reason: str) -> None:
    verdict = judged(**changes)
    assert not verdict["passed"]
    assert any(reason in line for line in reasons(verdict))


@pytest.mark.parametrize(
    "theirs",
    [
        {"mae_hours": 8.5, "brier_24": 0.085},
        # A hair worse in one and better in the other is what two trainings differ by.
        {"mae_hours": 7.95, "brier_24": 0.085},
    ],
)
def test_it_takes_over_from_one_that_is_no_better(theirs: dict[str, float]) -> None:
    assert judged(rival=against(theirs))["passed"]


def test_what_cannot_be_compared_does_not_take_over() -> None:
    verdict = judged(rival=Rival("nyc-1", "it has seen the holdout", None))
    assert not verdict["passed"]
    assert reasons(verdict) == [
        "better than nyc-1: got None, expected a comparison; but it has seen the holdout"
    ]


def test_one_that_cannot_be_loaded_any_more_is_no_rival() -> None:
    verdict = judged(rival=Rival("nyc-1", "nothing: other features", None, is_unfit=True))
    assert verdict["passed"]
    assert verdict["against"] == "nothing: other features"


def filed(every_hours: float, count: int) -> pl.DataFrame:
    step = timedelta(hours=every_hours)
    return frame_of(*(row(created_at=START + number * step) for number in range(count)))


def test_a_busy_city_is_tested_on_four_days_that_are_fully_known() -> None:
    frame = filed(0.25, 4_000)
    known_until = START + timedelta(hours=1_000)
    holdout = Holdout.newest(frame, known_until)
    assert holdout.until == known_until - timedelta(hours=RESTRICT_HOURS)
    assert holdout.until - holdout.start == timedelta(days=4)
    assert holdout.is_known(known_until)
    assert not holdout.is_known(known_until - timedelta(seconds=1))


def test_a_quiet_city_is_tested_on_more_days_but_not_without_end() -> None:
    known_until = START + timedelta(days=300)
    quiet = Holdout.newest(filed(3, 2_400), known_until)
    tested = filed(3, 2_400).filter(
        pl.col("created_at").is_between(quiet.start, quiet.until, closed="left")
    )
    assert tested.height == ENOUGH_ROWS
    silent = Holdout.newest(filed(48, 150), known_until)
    assert silent.until - silent.start == timedelta(days=MOST_DAYS)


def test_an_empty_city_has_a_holdout_all_the_same() -> None:
    holdout = Holdout.newest(frame_of(), START)
    assert holdout.until - holdout.start == timedelta(days=4)
