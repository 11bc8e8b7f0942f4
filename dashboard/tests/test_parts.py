"""What comes after the first page: parts, map, live figures, and pages of one thing."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from complaints.models import Complaint
from complaints.tests.factories import (
    NOON,
    make_city,
    make_complaint,
    make_district,
    make_type,
)
from dashboard.heat import read_heat
from dashboard.outlines import read_boundaries
from dashboard.tests.forecasters import Use
from dashboard.tests.promises import counted, monday
from dashboard.tests.reading import plain
from dashboard.tests.test_selection import choose
from predictions.tests.small_model import activate_small_model

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_outlines_of_before() -> None:
    read_boundaries.cache_clear()


def read(client: Client, path: str, status: int = 200) -> str:
    response = client.get(f"/dashboard/{path}")
    assert response.status_code == status, response.content
    return plain(response.content.decode())


def test_hours_of_the_week_are_the_citys_from_roll_ups_and_from_rows() -> None:
    for hours in (0, 1, 24, 24 * 7):
        make_complaint(created_at=NOON - timedelta(hours=hours))
    expected = {(3, 12): 2, (3, 11): 1, (2, 12): 1}
    for query in ("range=all", "range=30d", "range=30d&channel=,&district="):
        assert read_heat(choose(query), timezone.now()) == expected, query


def test_addresses_with_three_complaints_of_a_type_are_repeated(client: Client) -> None:
    for number in range(4):
        make_complaint(address="1 MAIN STREET", closed_after_hours=number or None)
    for kind in ("noise-residential", "rodent"):
        make_complaint(address="2 MAIN STREET", complaint_type=make_type(kind))
    text = read(client, "parts/repeats")
    assert "1 MAIN STREET Noise Residential · – 4 1 10 Jul" in text
    assert "2 MAIN STREET" not in text


def test_two_areas_are_compared_boroughs_with_what_lies_in_them(client: Client) -> None:
    queens = make_district("queens", name="Queens", kind="borough")
    board = make_district("queens-07", parent=queens)
    for number in range(9):
        make_complaint(district=board, closed_after_hours=8)
        make_complaint(closed_after_hours=2, created_at=NOON - timedelta(hours=number))
    text = read(client, "parts/compare?a=queens&b=city")
    # 8 h against 5 h, but for the bins.
    assert re.search("Queens takes (59|60|61) % longer than New York City to close half", text)
    assert "Opened 9 18 Closed 9 18 Open now 0 0 Half closed within 8 h 5 h" in text
    assert "about the same time" in read(client, "parts/compare?a=queens&b=queens-07")
    assert "cannot be compared" in read(client, "parts/compare?a=queens&b=city&status=open")


def test_the_map_has_areas_and_outlines_made_of_complaints(client: Client) -> None:
    queens = make_district("queens", name="Queens", kind="borough")
    board = make_district("queens-07", parent=queens)
    for number in range(12):
        make_complaint(
            district=board, latitude=40.70 + 0.006 * number, closed_after_hours=number + 1
        )
    make_complaint(latitude=None, longitude=None)
    found = client.get("/dashboard/outlines.json").json()
    assert set(found["names"].values()) == {"07 QUEENS, Queens"}
    (ring,) = found["boroughs"]["Queens"]
    assert all(40.6 < latitude < 40.9 and -73.9 < longitude < -73.8 for latitude, longitude in ring)
    places = client.get("/dashboard/places.json").json()
    assert (places["total"], places["unplaced"]) == (13, 1)
    assert {cell for cell, *_ in places["cells"]} == set(found["names"])


def test_live_figures_are_the_pages_and_304_until_something_happens(client: Client) -> None:
    make_complaint(created_at=timezone.now() - timedelta(hours=1))
    first = client.get("/dashboard/live.json?range=7d")
    assert first.json()["cards"]["filed"]["value"] == "1"
    assert first.json()["is_stale"] is False
    again = {"If-None-Match": first["ETag"]}
    same = client.get("/dashboard/live.json?range=7d", headers=again)
    # The tag changes with the minute as well: time alone makes complaints late.
    assert same.status_code == 304 or same["ETag"] != first["ETag"]
    assert client.get("/dashboard/live.json?range=30d")["ETag"] != first["ETag"]
    make_complaint(created_at=timezone.now())
    changed = client.get("/dashboard/live.json?range=7d", headers=again)
    assert changed.status_code == 200
    assert changed.json()["cards"]["filed"]["value"] == "2"


@pytest.mark.parametrize(
    "path", ["parts/heat", "parts/repeats", "parts/compare", "places.json", "live.json"]
)
def test_parts_refuse_what_they_cannot_read_and_say_when_there_is_nothing(
    client: Client, path: str
) -> None:
    make_city()
    assert "no complaints yet" in read(client, path, 404)
    make_complaint()
    assert "got 'x'" in read(client, f"{path}?agency=x", 400)
    assert client.post(f"/dashboard/{path}").status_code == 405


def test_an_open_complaint_says_what_was_promised_and_what_remains(client: Client) -> None:
    activate_small_model()
    complaint = make_complaint(
        created_at=timezone.now() - timedelta(hours=3),
        address="1 MAIN STREET",
        promised_median_hours=1.0,
        promised_p10_hours=0.5,
        promised_p90_hours=2.0,
        promised_by="small-1",
    )
    text = read(client, f"complaints/{complaint.public_id}")
    assert "How much longer? Open for 3 h. Half of such complaints that have waited 3 h" in text
    assert "half within 1 h, eight in ten between 30 min and 2 h. It is past that range." in text
    assert "Filed" in text
    assert "1 MAIN STREET" in text


def test_a_closed_complaint_says_how_long_it_took(client: Client, forecaster: Use) -> None:
    forecaster("Silent")
    complaint = make_complaint(
        closed_after_hours=5,
        promised_median_hours=4.0,
        promised_p10_hours=1.0,
        promised_p90_hours=9.0,
    )
    text = read(client, f"complaints/{complaint.public_id}")
    assert "It was closed after 5 h." in text
    assert "It was closed within that range." in text
    assert "Closed Wed 10 Jul 2019, 17:00 EDT 5 h after filing" in text
    instant = make_complaint(closed_after_hours=0)
    assert "in the moment of its filing" in read(client, f"complaints/{instant.public_id}")


def test_only_public_events_and_descriptions_are_on_the_page(client: Client) -> None:
    complaint = make_complaint(description="Call me at home")
    complaint.events.create(kind="commented", occurred_at=NOON, text="For staff", is_public=False)
    text = read(client, f"complaints/{complaint.public_id}")
    assert "Call me" not in text
    assert "For staff" not in text


def test_an_unknown_complaint_or_one_of_another_city_is_not_found(client: Client) -> None:
    other = make_complaint(complaint_type=make_type(city=make_city("other")))
    for public_id in ("nothing", other.public_id):
        assert client.get(f"/dashboard/complaints/{public_id}").status_code == 404
    assert Complaint.objects.count() == 1


def test_the_model_page_tells_what_came_true(client: Client) -> None:
    activate_small_model()
    counted(monday(), early=10, kept=80, late=10)
    counted(monday() - timedelta(weeks=2), early=0, kept=1, late=0)
    text = read(client, "model")
    assert "80 %" in text
    assert "Of 101 ranges given in the last 26 weeks that have ended, 80 % were kept" in text
    assert "small-1" in text
    assert "resolved" not in text.lower()
    page = client.get("/dashboard/model").content.decode()
    weeks = page[page.index('id="by-week"') : page.index('id="by-agency"')]
    # One promise alone says nothing of its week.
    assert weeks.count('<th scope="row">') == 1


def test_without_a_model_the_page_says_how_to_train_one(client: Client) -> None:
    make_city()
    assert "manage.py train_model" in read(client, "model")
    Complaint.objects.all().delete()
