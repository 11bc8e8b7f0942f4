"""What the simulation is put together from: choices, durations, closing times, queues."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings
from hypothesis import given
from hypothesis import strategies as st

from complaints.simulation import Calibration
from complaints.simulation.backlog import BLOCK_HOURS, BLOCKS_A_DAY, Backlog
from complaints.simulation.choices import Choices
from complaints.simulation.closing import closing_times
from complaints.simulation.durations import DEVIATES


@pytest.fixture(scope="module")
def city() -> Calibration:
    return Calibration.load(Path(settings.BASE_DIR) / "fixtures" / "nyc")


@given(st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=5), min_size=1, max_size=300))
def test_a_choice_never_leaves_its_group(groups: list[list[int]]) -> None:
    choices = Choices([[float(weight) for weight in group] for group in groups])
    group = np.arange(len(groups)).repeat(20)
    picked = choices.pick(group, np.random.default_rng(0))
    assert (choices.group_of[picked] == group).all()


def test_choices_follow_their_weights_and_never_take_what_weighs_nothing() -> None:
    choices = Choices([[1.0], [3.0, 0.0, 1.0, 0.0]])
    picked = choices.pick(np.ones(40_000, dtype=np.int64), np.random.default_rng(0))
    assert np.bincount(picked, minlength=5) / len(picked) == pytest.approx(
        [0, 0.75, 0, 0.25, 0], abs=0.01
    )


def test_choices_reject_a_group_without_options() -> None:
    with pytest.raises(ValueError, match="expected options in each group"):
        Choices([[1.0], []])


def test_slower_deviates_never_close_earlier(city: Calibration) -> None:
    for curve in range(len(city.durations.closed_share)):
        which = np.full(len(DEVIATES), curve)
        times = city.durations.hours(which, DEVIATES)
        assert all(earlier <= later for earlier, later in pairwise(times))


@given(
    hours=st.lists(st.one_of(st.floats(0, 4000), st.just(np.inf)), min_size=1, max_size=40),
    start=st.integers(0, 2 * 10**9),
    seed=st.integers(0, 1000),
)
def test_nothing_closes_before_it_was_created(
    city: Calibration, hours: list[float], start: int, seed: int
) -> None:
    size = len(hours)
    random = np.random.default_rng(seed)
    created = np.full(size, start).astype("datetime64[s]")
    is_instant = random.random(size) < 0.2
    agency = random.integers(0, len(city.agencies.codes), size)
    closed = closing_times(created, np.array(hours), is_instant, agency, city.agencies, random)
    is_open = np.isnat(closed)
    assert (is_open == (np.isinf(hours) & ~is_instant)).all()
    assert (closed[~is_open] >= created[~is_open]).all()
    assert ((closed == created) == is_instant).all()


def test_a_queue_grows_with_filings_and_shrinks_with_closings() -> None:
    backlog = Backlog(queues=2)
    queue = np.array([0, 0, 1])
    for _ in range(28 * BLOCKS_A_DAY):
        backlog.advance(queue, np.full(3, 2.0 * BLOCK_HOURS))
    assert backlog.pressure() == pytest.approx([0, 0], abs=0.05)
    backlog.advance(np.zeros(30, dtype=np.int64), np.full(30, 3.0 * BLOCK_HOURS))
    crowded = backlog.pressure()
    assert crowded[0] > 0.5
    assert crowded[1] < 0
    for _ in range(5):
        backlog.advance(np.zeros(0, dtype=np.int64), np.zeros(0))
    assert backlog.pressure()[0] < 0


def test_a_queue_puts_on_no_pressure_before_it_knows_what_is_usual() -> None:
    backlog = Backlog(queues=1)
    backlog.advance(np.zeros(100, dtype=np.int64), np.full(100, 48.0))
    assert backlog.pressure() == pytest.approx([0])
