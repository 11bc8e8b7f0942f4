"""What a process keeps in memory of the database."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from django.db import OperationalError

from smart311 import memory
from smart311.memory import Memory

NEVER = 3600.0


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch) -> Iterator[Memory[int]]:
    """Counts its readings; no other memory is renewed beside it."""
    monkeypatch.setattr(memory, "_memories", [])
    counted = count(1)
    yield Memory(lambda _: next(counted))


def test_it_reads_once_and_remembers(numbers: Memory[int], settings: Any) -> None:
    settings.FORECAST_REFRESH_SECONDS = NEVER
    assert numbers.loaded() is None
    assert [numbers.state(), numbers.state(), numbers.loaded()] == [1, 1, 1]


def test_without_an_interval_it_reads_each_time(numbers: Memory[int]) -> None:
    assert [numbers.state(), numbers.state()] == [1, 2]


def test_it_reads_again_when_something_is_missing(numbers: Memory[int], settings: Any) -> None:
    settings.FORECAST_REFRESH_SECONDS = NEVER
    assert [numbers.state(), numbers.renew(), numbers.state()] == [1, 2, 2]


def test_what_it_forgets_is_read_again(numbers: Memory[int], settings: Any) -> None:
    settings.FORECAST_REFRESH_SECONDS = NEVER
    numbers.state()
    memory.forget_everything()
    assert numbers.loaded() is None
    assert numbers.state() == 2


def test_a_slow_reading_is_followed_by_a_longer_rest_that_has_an_end(settings: Any) -> None:
    settings.FORECAST_REFRESH_SECONDS = 2.0
    assert [memory.rest_seconds(took) for took in (0.05, 1.0)] == [2.0, 3.0]


def test_many_threads_that_ask_first_read_once(numbers: Memory[int], settings: Any) -> None:
    settings.FORECAST_REFRESH_SECONDS = NEVER
    barrier = threading.Barrier(8)

    def ask(_: int) -> int:
        barrier.wait()
        return numbers.state()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {1}


@pytest.mark.django_db
def test_the_thread_survives_an_outage_and_reads_on(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "_memories", [])
    settings.FORECAST_REFRESH_SECONDS = 0.01
    answers: Iterator[int | OperationalError] = iter([1, OperationalError("gone"), 2])
    is_read = threading.Event()

    class Ended(Exception):
        """Ends the endless loop."""

    def read(_: int | None) -> int:
        found = next(answers)
        if isinstance(found, Exception):
            raise found
        if found == 2:
            is_read.set()
        return found

    def sleep(_: float) -> None:
        if is_read.is_set():
            raise Ended

    numbers = Memory(read)
    numbers.renew()
    monkeypatch.setattr(time, "sleep", sleep)
    with pytest.raises(Ended):
        memory._renew_forever()
    assert numbers.loaded() == 2
