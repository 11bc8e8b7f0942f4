"""Cities and their types as a process remembers them."""

from typing import Any

import pytest

from complaints.catalogue import UnknownType
from complaints.cities import cities, default_city, districts_by_key, find_type, known_city
from complaints.models import ComplaintType
from complaints.tests.factories import make_city, make_district, make_type
from smart311.problems import NotReady

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _remembers(settings: Any) -> None:
    settings.FORECAST_REFRESH_SECONDS = 3600


def test_cities_and_types_are_read_once(django_assert_num_queries: Any) -> None:
    city = make_type("rodent").city
    with django_assert_num_queries(3):
        for _ in range(3):
            assert default_city() == city
            assert find_type(city, "Rodent").code == "rodent"


def test_a_type_that_is_new_is_found_at_once() -> None:
    city = make_type("rodent").city
    find_type(city, "rodent")
    make_type("dead-tree")
    assert find_type(city, "dead-tree").code == "dead-tree"


def test_a_city_that_is_new_is_found_at_once() -> None:
    with pytest.raises(NotReady, match="'nyc' is not loaded yet"):
        default_city()
    assert make_city() == default_city()


def test_a_type_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownType, match="the nearest are rodent"):
        find_type(make_type("rodent").city, "rodents")


def test_a_retired_type_is_filed_no_longer_but_listed() -> None:
    make_type("rodent")
    ComplaintType.objects.update(is_active=False)
    known = known_city("nyc")
    assert known.ever_filed.find("rodent").code == "rodent"
    with pytest.raises(UnknownType):
        known.catalogue.find("rodent")


def test_a_retired_type_is_noticed_at_the_next_renewal() -> None:
    city = make_type("rodent").city
    find_type(city, "rodent")
    ComplaintType.objects.update(is_active=False)
    cities.renew()
    with pytest.raises(UnknownType):
        find_type(city, "rodent")


def test_a_district_that_is_new_is_found_at_once() -> None:
    city = make_city()
    assert default_city() == city
    district = make_district()
    assert districts_by_key(city, [district.pk])[district.pk] == district
