"""The page as the server renders it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from complaints.models import Complaint
from complaints.statistics.queries import TooMany
from complaints.tests.factories import (
    NOON,
    make_city,
    make_complaint,
    make_district,
    make_type,
)
from dashboard.tests.promises import counted, monday
from dashboard.tests.reading import text_of

pytestmark = pytest.mark.django_db

PATHS = ["/", "/dashboard", "/dashboard/", "/dashboard/dashboard", "/dashboard/dashboard/"]


def fill() -> None:
    """Complaints of three types over twelve days, the last filed at NOON."""
    for number in range(12):
        kind = make_type(f"type-{number % 3}", name=f"Type {number % 3}")
        filed_at = NOON - timedelta(days=number)
        make_complaint(complaint_type=kind, created_at=filed_at, closed_after_hours=number or None)


@pytest.mark.parametrize("path", PATHS)
def test_each_path_answers_without_a_redirect(client: Client, path: str) -> None:
    make_complaint()
    assert client.get(path).status_code == 200
    assert client.head(path).status_code == 200
    assert client.post(path).status_code == 405


def test_the_numbers_are_there_on_first_paint(client: Client) -> None:
    fill()
    text = text_of(client)
    assert "Opened 12 complaints filed" in text
    assert "Closed 11 whenever they were filed" in text
    assert "Open now 1 filed and not yet closed" in text
    assert "Half closed within 6 h median" in text
    assert "Nine in ten within 10 h 90th percentile" in text
    assert "Running late 0 past their forecast, of 0 open ones that have one" in text
    assert "Type 0 4 33 % 6 h Type 1 4 33 % 5.5 h Type 2 4 33 % 6.5 h" in text
    assert "Wed 10 Jul 2019 1 0 1" in text
    assert "NYPD Department NYPD 12 11 1 6 h 10 h –" in text


def test_changes_are_against_the_window_before_day_for_day(client: Client) -> None:
    for number in range(20):
        make_complaint(created_at=NOON - timedelta(hours=7 * number))
    for number in range(30):
        make_complaint(created_at=NOON - timedelta(days=8, hours=number))
    text = text_of(client, range="7d")
    # 6.5 of 7 days have passed: 20 against 6.5 / 7 of 30.
    assert "Opened 20 complaints filed −29 %" in text


def test_promises_kept_are_those_of_the_window(client: Client) -> None:
    make_complaint()
    counted(monday(NOON.date()), early=10, kept=80, late=10)
    counted(monday(NOON.date()) - timedelta(weeks=9), early=1, kept=0, late=9)
    assert "Promises kept 80 % of 100 ranges; 80 % are meant" in text_of(client, range="7d")


def test_times_are_on_the_citys_clock(client: Client) -> None:
    make_complaint()
    assert "As of Wed 10 Jul 2019, 12:00 EDT" in text_of(client)


def test_it_says_when_nothing_newer_has_come_in(client: Client) -> None:
    hidden = 'data-part="stale" hidden'
    make_complaint()
    assert hidden not in client.get("/dashboard/").content.decode()
    make_complaint(created_at=timezone.now() - timedelta(hours=1))
    assert hidden in client.get("/dashboard/").content.decode()


def test_large_numbers_have_separators(client: Client) -> None:
    kind = make_type()
    Complaint.objects.bulk_create(
        Complaint(city=kind.city, complaint_type=kind, created_at=NOON) for _ in range(1234)
    )
    assert "Open now 1,234" in text_of(client)


def test_it_takes_at_most_five_queries_however_many_rows(
    client: Client,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    fill()
    make_district("queens", name="Queens")
    # Cities and types are in memory, as in a process that serves.
    settings.FORECAST_REFRESH_SECONDS = 3600
    monkeypatch.setattr("smart311.memory._renew_in_background", lambda: None)
    text_of(client)
    for query in ({}, {"range": "24h"}, {"agency": "NYPD", "district": "queens"}):
        with django_assert_max_num_queries(5):
            text_of(client, **query)


def test_without_a_city_it_says_how_to_load_one(client: Client) -> None:
    text = text_of(client)
    assert "No city is loaded" in text
    assert "manage.py load_city FOLDER" in text


def test_a_city_without_complaints_says_how_to_file_one(client: Client) -> None:
    make_city()
    text = text_of(client)
    assert "no complaint has come in" in text
    assert "POST /input/" in text


def test_complaints_of_which_none_is_closed_have_no_hours(client: Client) -> None:
    make_complaint()
    assert "Half closed within – median" in text_of(client)
    assert "There is nothing to draw for this choice." in text_of(client)


def test_every_key_figure_leads_to_the_complaints_behind_it(client: Client) -> None:
    make_complaint()
    page = client.get("/dashboard/?range=7d").content.decode()
    cards = re.findall(r'data-card="(\w+)"', page)
    links = dict(re.findall(r'data-card="(\w+)">\s*<dt><a href="\?([^"]*)#rows"', page))
    assert len(cards) == 7
    assert list(links) == cards
    assert links["kept"] == "range=7d&amp;rows=missed"


def test_a_city_whose_data_all_lies_in_the_future_counts_as_empty(client: Client) -> None:
    make_complaint(created_at=timezone.now() + timedelta(days=1))
    assert "no complaint has come in" in text_of(client)


def test_a_filter_that_cannot_be_read_is_named_and_the_page_is_there(client: Client) -> None:
    make_complaint()
    response = client.get("/dashboard/?complaint_type=<b>none&range=7d")
    page = response.content.decode()
    assert response.status_code == 400
    assert "This part of the filter was left out" in page
    assert "<b>none" not in page
    assert "Opened" in page


def test_too_much_to_ask_is_said_in_place(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise TooMany("too much")

    make_complaint()
    monkeypatch.setattr("dashboard.recent.read_overview", refuse)
    response = client.get("/dashboard/?channel=phone")
    assert response.status_code == 400
    assert "That is too much to ask at once" in response.content.decode()
    assert "The complaints themselves" in response.content.decode()


def test_names_are_text_not_markup(client: Client) -> None:
    make_complaint(complaint_type=make_type("bold", name="<b>Bold</b> & brash"))
    page = client.get("/dashboard/").content.decode()
    assert "<b>Bold" not in page
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; brash" in page


def test_nothing_is_styled_or_scripted_inline(client: Client) -> None:
    fill()
    page = client.get("/dashboard/").content.decode()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)
    scripts = re.findall(r"<script([^>]*)>", page)
    assert scripts
    assert all("src=" in script or "application/json" in script for script in scripts)


def test_closed_is_never_called_resolved(client: Client) -> None:
    fill()
    assert "resolved" not in text_of(client).lower()


def test_an_unknown_page_is_a_page_too(client: Client) -> None:
    response = client.get("/<b>nowhere</b>")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")
    assert "There is nothing here" in response.content.decode()
    assert "<b>nowhere" not in response.content.decode()


def test_a_failure_is_a_page_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.raise_request_exception = False
    monkeypatch.setattr("dashboard.recent.read_overview", lambda *_: 1 / 0)
    make_complaint()
    response = client.get("/dashboard/")
    assert response.status_code == 500
    assert "The server failed" in response.content.decode()
