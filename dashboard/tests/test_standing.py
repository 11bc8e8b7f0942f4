"""Up to which moment a city's data reaches."""

from datetime import timedelta

import pytest

from complaints.tests.factories import NOON, make_city, make_complaint
from dashboard.standing import Standing

pytestmark = pytest.mark.django_db
a_year_later = NOON + timedelta(days=365)


def test_a_city_without_complaints_has_no_data_time() -> None:
    make_city()
    standing = Standing.find("nyc", a_year_later)
    assert standing is not None
    assert standing.as_of is None


def test_there_is_no_standing_of_an_unknown_city() -> None:
    assert Standing.find("atlantis", a_year_later) is None


def test_the_data_reaches_as_far_as_it_was_last_filed_closed_or_observed() -> None:
    def reaches() -> object:
        standing = Standing.find("nyc", a_year_later)
        assert standing is not None
        return standing.as_of

    make_complaint(created_at=NOON - timedelta(hours=1), closed_after_hours=0.5)
    assert reaches() == NOON - timedelta(hours=0.5)
    make_complaint(observed_at=NOON + timedelta(hours=3))
    assert reaches() == NOON + timedelta(hours=3)
    make_complaint(closed_after_hours=5)
    assert reaches() == NOON + timedelta(hours=5)


def test_the_data_never_reaches_into_the_future() -> None:
    make_complaint(observed_at=NOON + timedelta(hours=2))
    make_complaint(created_at=NOON + timedelta(hours=9))
    make_complaint(closed_after_hours=50)
    standing = Standing.find("nyc", NOON + timedelta(hours=1))
    assert standing is not None
    assert standing.as_of == NOON
