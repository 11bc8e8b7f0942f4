"""The classic paths, as clients of the reference API call them."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from complaints.rollups.histogram import LARGEST_ERROR
from complaints.tests.factories import NOON, make_city, make_complaint, make_type

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def complaints() -> None:
    """Three closed after 2, 4 and 10 hours, one instantly, one open; all in one local noon hour."""
    make_type(aliases=["noise residential"], name="Noise - Residential")
    for hours in (2, 4, 10, 0, None):
        make_complaint(closed_after_hours=hours)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    "path",
    [
        "/complaints/time/noise-residential",
        "/complaints/time/Noise - Residential",
        "/complaints/time/NOISE%20-%20RESIDENTIAL",
        "/complaints/all/noise-residential/time",
        "/complaints/noise/residential/time",
    ],
)
def test_the_expected_time_is_the_median_of_closed_ones(
    client: Client, path: str, slash: str
) -> None:
    response = client.get(path + slash)
    assert response.status_code == 200
    assert response.json() == {
        "complaint_type": "noise-residential",
        "expected_time": pytest.approx(4.0, rel=LARGEST_ERROR),
    }


def test_a_type_without_closings_has_no_expected_time(client: Client) -> None:
    make_type(code="graffiti")
    response = client.get("/complaints/time/graffiti")
    assert response.status_code == 404
    assert "No complaint of the type graffiti has been closed yet" in response.json()["detail"]


@pytest.mark.parametrize(
    "path", ["/complaints/time/nois", "/complaints/all/nois/time", "/complaints/nois?hour=1"]
)
def test_an_unknown_type_names_the_nearest(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert "noise-residential" in response.json()["detail"]


def test_an_unknown_kind_of_noise_names_the_known_ones(client: Client) -> None:
    response = client.get("/complaints/noise/helicopter/time")
    assert response.status_code == 404
    assert "other, commercial, park, residential" in response.json()["detail"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_hourly_count_is_an_average_a_day(client: Client, slash: str) -> None:
    response = client.get(f"/complaints/noise-residential{slash}?hour=12")
    assert response.json() == {"complaint_type": "noise-residential", "hour": 12, "q": 0.1786}


def test_the_hour_is_the_citys_and_the_window_four_weeks_of_data(client: Client) -> None:
    make_complaint(created_at=NOON - timedelta(days=27))
    make_complaint(created_at=NOON - timedelta(days=28))
    make_complaint(created_at=NOON - timedelta(hours=12))
    noon = client.get("/complaints/noise-residential?hour=12").json()
    midnight = client.get("/complaints/noise-residential?hour=0").json()
    assert (noon["q"], midnight["q"]) == (round(6 / 28, 4), round(1 / 28, 4))


@pytest.mark.parametrize("hour", ["", "24", "-1", "noon", "1_0", "²", "1.5", "007"])
def test_a_bad_hour_says_what_was_expected(client: Client, hour: str) -> None:
    response = client.get("/complaints/noise-residential", {"hour": hour})
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/hour"
    assert "expected 0 to 23" in response.json()["detail"]


def test_a_missing_hour_is_a_400(client: Client) -> None:
    assert client.get("/complaints/noise-residential").status_code == 400


def test_an_unknown_parameter_is_named(client: Client) -> None:
    response = client.get("/complaints/noise-residential?hour=1&day=2")
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/day"


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_reading_paths_take_only_get(client: Client, method: str) -> None:
    response: Any = getattr(client, method)("/complaints/time/noise-residential")
    assert response.status_code == 405
    assert response["Content-Type"] == "application/problem+json"


def test_without_a_city_they_say_so(client: Client, settings: Any) -> None:
    settings.CITY = "gotham"
    response = client.get("/complaints/time/noise-residential")
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    make_city(slug="gotham", jurisdiction_id="gotham.example")
    assert client.get("/complaints/time/noise-residential").status_code == 404
