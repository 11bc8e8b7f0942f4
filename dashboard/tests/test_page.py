"""The page as the server renders it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from complaints.models import Complaint
from complaints.tests.factories import NOON, make_city, make_complaint, make_type
from dashboard.tests.forecasters import Use
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
    assert "Open now 1 filed and not yet closed" in text
    assert "Opened 1 complaints in the last 24 h" in text
    assert "Closed 1 complaints in the last 24 h" in text
    assert "Half closed within 6 h median of those closed in the last 28 days" in text
    assert "Nine in ten within 10 h 90th percentile of those closed in the last 28 days" in text
    assert "Type 0 4 33 % 6 h Type 1 4 33 % 5.5 h Type 2 4 33 % 6.5 h" in text
    assert "Wed 10 Jul 2019 1 0" in text


def test_times_are_on_the_citys_clock(client: Client) -> None:
    make_complaint()
    assert "As of Wed 10 Jul 2019, 12:00 EDT" in text_of(client)


def test_it_says_when_nothing_newer_has_come_in(client: Client) -> None:
    make_complaint()
    assert "nothing newer for" in text_of(client)
    make_complaint(created_at=timezone.now() - timedelta(hours=1))
    assert "nothing newer for" not in text_of(client)


def test_large_numbers_have_separators(client: Client) -> None:
    kind = make_type()
    Complaint.objects.bulk_create(
        Complaint(city=kind.city, complaint_type=kind, created_at=NOON) for _ in range(1234)
    )
    assert "Open now 1,234" in text_of(client)


def test_it_takes_nine_queries_however_many_rows(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, forecaster: Use
) -> None:
    forecaster("Soon")
    fill()
    with django_assert_num_queries(9):
        text_of(client)


def test_without_a_city_it_says_how_to_load_one(client: Client) -> None:
    text = text_of(client)
    assert "No city is loaded" in text
    assert "manage.py load_city FOLDER" in text
    assert text.count("No complaints yet") == 7


def test_a_city_without_complaints_says_how_to_file_one(client: Client) -> None:
    make_city()
    text = text_of(client)
    assert "no complaint has come in" in text
    assert "POST /input/" in text
    assert "No complaint types are loaded yet" in text
    assert text.count("No complaints yet") == 7


def test_complaints_of_which_none_is_closed_have_no_hours(client: Client) -> None:
    make_complaint()
    assert text_of(client).count("Nothing was closed in the last 28 days") == 2


def test_a_city_whose_data_all_lies_in_the_future_counts_as_empty(client: Client) -> None:
    make_complaint(created_at=timezone.now() + timedelta(days=1))
    assert "no complaint has come in" in text_of(client)


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
    monkeypatch.setattr("dashboard.views.read_types", lambda *_: 1 / 0)
    make_city()
    response = client.get("/dashboard/")
    assert response.status_code == 500
    assert "The server failed" in response.content.decode()
