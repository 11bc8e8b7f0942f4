"""Whether promises are kept, on the page."""

import json
import re
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from complaints.tests.factories import make_city, make_type
from dashboard.promises import read_promises
from dashboard.tests.reading import text_of
from predictions.models import PromiseCount

pytestmark = pytest.mark.django_db


def this_monday() -> date:
    today = make_city().localise(timezone.now()).date()
    return today - timedelta(days=today.weekday())


def counted(weeks_ago: int, early: int, kept: int, late: int) -> None:
    kind = make_type()
    PromiseCount.objects.create(
        city=kind.city,
        model="small-1",
        week_on=this_monday() - timedelta(weeks=weeks_ago),
        complaint_type=kind,
        due=early + kept + late,
        early=early,
        kept=kept,
        late=late,
        before_median=0,
        error_seconds=0,
    )


def test_the_last_four_weeks_make_the_sentence_and_twelve_the_chart(client: Client) -> None:
    counted(1, early=90, kept=800, late=110)
    counted(3, early=110, kept=780, late=110)
    counted(11, early=0, kept=1, late=1)
    counted(12, early=0, kept=0, late=7)
    text = text_of(client)
    since = this_monday() - timedelta(weeks=3)
    assert (
        f"Of the 2,000 complaints filed since {since.day} {since:%B} that we gave an 80 % range, "
        "and whose range is over, 79 % were closed within it, 10 % sooner and "
        "11 % later or not yet."
    ) in text
    page = client.get("/dashboard/").content.decode()
    found = re.search(r'id="promises-data" type="application/json">(.*?)</script>', page)
    assert found
    series = json.loads(found[1])
    assert series["kept"] == [50.0, 78.0, 80.0]
    assert series["target"] == 80.0
    assert series["weeks"][-1] == (this_monday() - timedelta(weeks=1)).isoformat()
    assert "1,000 80 % 9 % 11 %" in text


def test_with_only_old_weeks_the_chart_stands_alone(client: Client) -> None:
    counted(6, early=1, kept=8, late=1)
    assert "No range given in the last four weeks is over yet." in text_of(client)


def test_without_any_it_explains_what_a_promise_is(client: Client) -> None:
    make_type()
    assert read_promises(make_city(), timezone.now()) is None
    assert "is told a range in which eight in ten such complaints are closed" in text_of(client)
