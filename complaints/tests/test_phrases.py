"""How durations, shares and forecasts are written."""

import re
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.forecasting import QueueAhead, Reason
from complaints.phrases import (
    chance_in_words,
    forecast_in_words,
    hours_in_words,
    moment_in_words,
    percent_in_words,
    queue_in_words,
    reason_in_words,
)
from complaints.tests.factories import NOON
from complaints.tests.forecasters import fixed_forecast

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


def test_what_remains_of_a_waiting_complaint_is_told_as_such() -> None:
    forecast = fixed_forecast(NOON)
    assert plain(forecast_in_words(forecast)) == (
        "Half of such complaints are closed within 4 h, eight in ten between 1 h and 20 h."
    )
    assert plain(forecast_in_words(replace(forecast, open_hours=52.0))) == (
        "Half of such complaints that have waited 2 d 4 h are closed within another 4 h, "
        "eight in ten between 1 h and 20 h."
    )
    stuck = replace(forecast, open_hours=52.0, beyond_horizon=True)
    assert plain(forecast_in_words(stuck)).startswith(
        "More than half of such complaints that have waited 2 d 4 h are still open after another"
    )


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (
            Reason("pace", -2.0),
            "How fast such complaints are closed just now: 2 h shorter than usual for this type.",
        ),
        (Reason("queue", 3.2), "What is waiting just now: 3.2 h longer than usual for this type."),
        (Reason("place", -0.5), "The place: 30 min shorter than usual for this type."),
    ],
)
def test_a_reason_says_longer_or_shorter(reason: Reason, words: str) -> None:
    assert plain(reason_in_words(reason)) == words


def test_a_queue_whose_district_is_not_known_tells_of_the_city_alone() -> None:
    assert plain(queue_in_words(QueueAhead(None, 1234, 24))) == (
        "Of the similar ones filed in the last 24 h, 1,234 are open in the city."
    )
