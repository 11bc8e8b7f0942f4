"""Which days the page speaks of."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.models import City
from complaints.tests.factories import NOON, make_city, make_complaint
from dashboard.standing import Standing
from dashboard.window import WINDOW_DAYS, Window

ZONES = ["America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia", "UTC"]
moments = st.integers(-4_000_000, 4_000_000).map(lambda minutes: NOON + timedelta(minutes=minutes))
a_year_later = NOON + timedelta(days=365)


@given(moments, st.sampled_from(ZONES))
def test_the_window_is_28_days_that_end_with_the_day_of_the_data(
    as_of: datetime, zone: str
) -> None:
    window = Window.up_to(City(time_zone=zone), as_of)
    assert len(window.days) == WINDOW_DAYS
    assert window.start_at.tzinfo == ZoneInfo(zone)
    assert window.start_at.date() == window.days[0]
    assert (as_of - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() == window.days[-1]


def test_data_up_to_midnight_does_not_begin_a_new_day() -> None:
    midnight = datetime(2019, 7, 17, 4, 0, tzinfo=UTC)
    window = Window.up_to(City(time_zone="America/New_York"), midnight)
    assert f"{window.days[0]} {window.days[-1]}" == "2019-06-19 2019-07-16"
    assert not window.ends_within_a_day


@pytest.mark.django_db
def test_a_city_without_complaints_has_no_data_time() -> None:
    make_city()
    standing = Standing.find("nyc", a_year_later)
    assert standing is not None
    assert standing.as_of is None


@pytest.mark.django_db
def test_there_is_no_standing_of_an_unknown_city() -> None:
    assert Standing.find("atlantis", a_year_later) is None


@pytest.mark.django_db
def test_the_data_reaches_as_far_as_it_was_last_filed_closed_or_observed() -> None:
    def reaches() -> datetime | None:
        standing = Standing.find("nyc", a_year_later)
        assert standing is not None
        return standing.as_of

    make_complaint(created_at=NOON - timedelta(hours=1), closed_after_hours=0.5)
    assert reaches() == NOON - timedelta(hours=0.5)
    make_complaint(observed_at=NOON + timedelta(hours=3))
    assert reaches() == NOON + timedelta(hours=3)
    make_complaint(closed_after_hours=5)
    assert reaches() == NOON + timedelta(hours=5)


@pytest.mark.django_db
def test_the_data_never_reaches_into_the_future() -> None:
    make_complaint(observed_at=NOON + timedelta(hours=2))
    make_complaint(created_at=NOON + timedelta(hours=9))
    make_complaint(closed_after_hours=50)
    standing = Standing.find("nyc", NOON + timedelta(hours=1))
    assert standing is not None
    assert standing.as_of == NOON


@pytest.mark.django_db
def test_the_window_holds_both_its_ends_and_nothing_more() -> None:
    window = Window.up_to(make_city(), NOON)
    second = timedelta(seconds=1)
    for moment in (window.start_at - second, window.start_at, NOON, NOON + second):
        make_complaint(created_at=moment)
    make_complaint(city=make_city("other"), created_at=NOON)
    assert set(window.filed().values_list("created_at", flat=True)) == {window.start_at, NOON}
