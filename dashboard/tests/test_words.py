"""How durations and shares are written."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.words import chance_in_words, hours_in_words, moment_in_words, percent_in_words

HOURS_A_UNIT = {"min": 1 / 60, "h": 1.0, "d": 24.0}
hours = st.floats(min_value=0, max_value=100_000)


def plain(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def hours_said(words: str) -> float:
    parts = re.findall(r"([\d.,]+) (min|h|d)", plain(words))
    return sum(float(number.replace(",", "")) * HOURS_A_UNIT[unit] for number, unit in parts)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "1 min"),
        (2 / 3, "40 min"),
        (0.999, "1 h"),
        (3.2, "3.2 h"),
        (3.04, "3 h"),
        (9.96, "10 h"),
        (14.3, "14 h"),
        (47.6, "2 d"),
        (52.07, "2 d 4 h"),
        (335, "13 d 23 h"),
        (552, "23 d"),
        (30_000, "1,250 d"),
    ],
)
def test_a_duration_is_written_in_units_a_reader_can_use(number: float, words: str) -> None:
    assert plain(hours_in_words(number)) == words


def test_a_duration_never_breaks_between_number_and_unit() -> None:
    assert " " not in hours_in_words(52)


@given(hours, hours)
def test_a_longer_duration_is_never_written_shorter(one: float, other: float) -> None:
    low, high = sorted([one, other])
    assert hours_said(hours_in_words(low)) <= hours_said(hours_in_words(high))


@given(hours)
def test_what_is_written_is_within_five_percent_of_the_truth(number: float) -> None:
    assert hours_said(hours_in_words(number)) == pytest.approx(number, rel=0.05, abs=1 / 60)


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0 %"),
        (0.001, "under 1 %"),
        (0.125, "13 %"),
        (0.994, "99 %"),
        (0.996, "over 99 %"),
        (1, "100 %"),
    ],
)
def test_a_share_is_never_more_certain_than_it_is(share: float, words: str) -> None:
    assert plain(percent_in_words(share)) == words


@pytest.mark.parametrize(("chance", "words"), [(0, "under 1 %"), (0.5, "50 %"), (1, "over 99 %")])
def test_no_chance_is_certain(chance: float, words: str) -> None:
    assert plain(chance_in_words(chance)) == words


def test_a_moment_is_written_on_its_own_clock() -> None:
    local = datetime(2019, 7, 6, 9, 5, tzinfo=ZoneInfo("America/New_York"))
    assert moment_in_words(local) == "Sat 6 Jul 2019, 09:05"
