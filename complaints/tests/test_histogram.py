"""The law of histograms: medians and ninetieth percentiles are within three in a hundred."""

import math

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from complaints.rollups.histogram import LARGEST_ERROR, RATIO, between, bin_of, hours_of

YEAR = 366 * 86400.0
SECONDS = st.floats(1e-6, 100 * YEAR)


def quantile(seconds: list[float], level: float) -> float:
    """PostgreSQL's `percentile_cont`, in hours."""
    place = level * (len(seconds) - 1)
    ordered = sorted(seconds)
    lower, upper = ordered[math.floor(place)], ordered[math.ceil(place)]
    return (lower + (upper - lower) * (place % 1)) / 3600.0


@given(st.lists(SECONDS, min_size=1), st.sampled_from([0.1, 0.5, 0.9]))
def test_quantiles_from_bins_are_within_three_percent(seconds: list[float], level: float) -> None:
    bins = sorted(map(bin_of, seconds))
    place = level * (len(bins) - 1)
    found = between(bins[math.floor(place)], bins[math.ceil(place)], place % 1)
    assert found == pytest.approx(quantile(seconds, level), rel=0.03)


@given(SECONDS)
def test_no_time_is_further_than_the_stated_error_from_what_its_bin_stands_for(
    seconds: float,
) -> None:
    assert abs(hours_of(bin_of(seconds)) * 3600 / seconds - 1) <= LARGEST_ERROR + 1e-9


def test_with_wider_bins_it_would_not_hold() -> None:
    """The negative control: a ratio of 1.07 is too coarse, ours is not."""
    assert (1.07 - 1) / (1.07 + 1) > 0.03 > (RATIO - 1) / (RATIO + 1)


@pytest.mark.django_db
@pytest.mark.parametrize("microseconds", [1, 999_999, 10**6, 3_600 * 10**6, 10**14])
def test_the_database_finds_the_same_bins(microseconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT complaints_hours_bin(%s::interval)", [f"{microseconds} microseconds"]
        )
        assert cursor.fetchone()[0] == bin_of(microseconds / 1e6)
