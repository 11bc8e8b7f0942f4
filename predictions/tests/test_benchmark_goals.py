"""The arithmetic of `make bench`, without its contenders."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
from django.conf import settings


@pytest.fixture(scope="module")
def goals() -> ModuleType:
    path = Path(settings.BASE_DIR) / "benchmarks" / "goals.py"
    spec = importlib.util.spec_from_file_location("benchmark_goals", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def figures(goals: ModuleType, **costs: float) -> dict[str, object]:
    """Contenders by the name of their constant, microseconds each; as many a second as fit."""
    return {getattr(goals, name): goals.Figures(1e6 / cost, cost) for name, cost in costs.items()}


COSTS = {
    "A": 11_000, "B": 260, "B_DEF": 330, "ASGI": 40, "WSGI": 130, "ALONE": 40, "ALONE_MANY": 20,
    "LANE": 110, "WEB": 520, "BATCH": 36, "B_BATCH": 72,
}  # fmt: skip


def test_each_goal_is_the_ratio_it_says(goals: ModuleType) -> None:
    found = {goal.name: goal for goal in goals.ratios(figures(goals, **COSTS))}
    assert found["lane, requests/s: times (a)"].got == pytest.approx(100)
    assert found["lane, requests/s: times (b)"].got == pytest.approx(260 / 110)
    assert found["lane, CPU: of the sum of (c, ASGI) and (d)"].got == pytest.approx(110 / 80)
    assert found["web, CPU: of FastAPI `def` with our model"].got == pytest.approx(520 / 330)
    assert found["batch, rows/s: times (b)'s own batch"].got == pytest.approx(2)
    assert found["batch, CPU of a row: of (d)"].got == pytest.approx(1.8)
    missed = {name for name, goal in found.items() if not goal.is_reached}
    assert missed == {"batch, rows/s: times (b)'s own batch"}


def test_a_slower_contender_misses_more(goals: ModuleType) -> None:
    slow = goals.ratios(figures(goals, **COSTS | {"LANE": 200, "WEB": 600}))
    assert sum(not goal.is_reached for goal in slow) == 8


def test_medians_are_of_each_figure(goals: ModuleType) -> None:
    rounds = {"one": [goals.Figures(1, 30), goals.Figures(3, 10), goals.Figures(2, 90)]}
    assert goals.medians(rounds) == {"one": goals.Figures(2, 30)}


def test_the_table_says_what_was_reached_and_what_missed(goals: ModuleType) -> None:
    table = goals.goal_table(
        [goals.Goal("fast", 2.5, 2), goals.Goal("small", 160.4, 150, at_most=True, unit="MB")]
    )
    assert "| fast | ≥ 2 × | 2.5 × | reached |" in table
    assert "| small | ≤ 150 MB | 160 MB | **missed** |" in table
