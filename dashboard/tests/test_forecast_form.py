""" "How long will it take?" without JavaScript: the page answers its own form."""

import json
import re
from datetime import datetime, timedelta

import pytest
from django.forms import Select
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertHTMLEqual

from complaints.tests.factories import make_agency, make_city, make_complaint, make_type
from dashboard.complaint_types import FiledType
from dashboard.forms import grouped
from dashboard.tests.forecasters import Use
from dashboard.tests.reading import plain
from dashboard.widgets import LongSelect
from predictions.tests.small_model import activate_small_model

pytestmark = pytest.mark.django_db

QUESTION = {
    "complaint_type": "rodent",
    "latitude": "40.75",
    "longitude": "-73.85",
    "created_date": "2019-07-10T12:00",
}


def ask(client: Client, **question: str) -> str:
    """What a reader sees of the answer."""
    return plain(client.get("/dashboard/how-long/", question).content.decode())


@pytest.fixture(autouse=True)
def _types() -> None:
    make_complaint()
    make_type("rodent", agency=make_agency("DOHMH"), group="Animals")


def test_it_answers_in_one_sentence_with_chances(client: Client, forecaster: Use) -> None:
    forecaster("Soon")
    text = ask(client, **QUESTION)
    assert (
        "Half of such complaints are closed within 3.1 h, eight in ten between 40 min and 14 h."
        in text
    )
    assert "1 day 94 % 3 days 97 % 1 week over 99 %" in text
    assert "not closed by Wed 10 Jul 2019, 15:06" in text


def test_it_draws_the_curve_with_its_range_and_a_table(client: Client) -> None:
    activate_small_model()
    page = client.get("/dashboard/how-long/", QUESTION).content.decode()
    found = re.search(r'<script id="curve-data" type="application/json">(.*?)</script>', page)
    assert found
    data = json.loads(found[1])
    hours, shares = zip(*data["points"], strict=True)
    assert list(hours) == sorted(hours)
    assert list(shares) == sorted(shares)
    assert data["range"][0] <= data["median"] <= data["range"][1]
    assert "Chance that it is closed" in page


def test_the_answer_alone_is_a_part_of_the_page(client: Client, forecaster: Use) -> None:
    forecaster("Soon")
    alone = client.get("/dashboard/how-long/answer", QUESTION).content.decode()
    assert "Half of such complaints" in alone
    assert "<html" not in alone
    assert "".join(alone.split()) in "".join(
        client.get("/dashboard/how-long", QUESTION).content.decode().split()
    )


def test_a_tail_beyond_the_horizon_is_said(client: Client, forecaster: Use) -> None:
    forecaster("LongTail")
    sentence = "closed within 3 d 8 h; one in ten is still open after 60 d."
    assert sentence in ask(client, **QUESTION)


def test_a_median_beyond_the_horizon_is_said_and_no_date_invented(
    client: Client, forecaster: Use
) -> None:
    forecaster("Never")
    text = ask(client, **QUESTION)
    assert "More than half of such complaints are still open after 60 d" in text
    assert "as likely as not" not in text


def test_without_a_model_it_says_so(client: Client, forecaster: Use) -> None:
    forecaster("Silent")
    text = ask(client, **QUESTION)
    assert "No model is active for New York City yet." in text
    assert "manage.py train_model" in text


def test_it_starts_with_the_most_filed_type_mid_city_now(client: Client, forecaster: Use) -> None:
    forecaster("Soon")
    page = client.get("/dashboard/how-long/").content.decode()
    assert '<option value="noise-residential" selected>' in page
    assert 'value="40.7"' in page
    assert 'value="-73.975"' in page
    now = timezone.now()
    local = [make_city().localise(now - timedelta(minutes=late)) for late in (0, 1)]
    assert any(f'value="{moment:%Y-%m-%dT%H:%M}"' in page for moment in local)
    assert "Half of such complaints" in page


def test_what_is_left_empty_is_filled_in(client: Client, forecaster: Use) -> None:
    forecaster("Soon")
    page = client.get("/dashboard/how-long/?complaint_type=rodent&latitude=&x=1").content.decode()
    assert '<option value="rodent" selected>' in page
    assert 'value="40.7"' in page


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("complaint_type", "unheard-of", "not a type that can be filed here"),
        ("complaint_type", "\x00", "not a type that can be filed here"),
        ("latitude", "north", "Enter a number"),
        ("latitude", "nan", "Enter a number"),
        ("longitude", "181", "less than or equal to 180"),
        ("latitude", "41.9", "got the place 41.9, -73.85, expected one in New York City"),
        ("created_date", "yesterday", "expected ISO 8601"),
        ("created_date", "2019-03-10T02:30", "which the clocks of America/New_York skip"),
        ("created_date", "9999-12-31T23:59", "within the calendar"),
        ("created_date", "2999-12-31T23:59", "expected a time since 1900"),
        ("created_date", "0001-01-01T00:00", "expected a time since 1900"),
    ],
)
def test_a_bad_value_is_named_in_place(
    client: Client, forecaster: Use, field: str, value: str, message: str
) -> None:
    forecaster("Soon")
    text = ask(client, **{**QUESTION, field: value})
    assert message in text
    assert "Half of such complaints" not in text


def test_a_type_that_is_switched_off_cannot_be_asked(client: Client, forecaster: Use) -> None:
    forecaster("Soon")
    make_type("old", is_active=False)
    assert "not a type that can be filed" in ask(client, **{**QUESTION, "complaint_type": "old"})


def test_local_times_are_the_citys(client: Client, forecaster: Use) -> None:
    forecaster("Soon")
    utc = datetime.fromisoformat("2019-07-10T16:00:00+00:00")
    texts = {
        ask(client, **{**QUESTION, "created_date": text}).partition("not closed by ")[2][:22]
        for text in ("2019-07-10T12:00", utc.isoformat())
    }
    assert texts == {"Wed 10 Jul 2019, 15:06"}


def test_types_are_grouped_after_the_most_often_filed() -> None:
    types = [
        FiledType(number, f"code-{number}", name, group, True, filed=9 - number)
        for number, (name, group) in enumerate([("B", "Water"), ("A", "Water"), ("C", "")])
    ]
    assert grouped(types) == [
        ("Most often filed", [("code-0", "B"), ("code-1", "A"), ("code-2", "C")]),
        ("Other", [("code-2", "C")]),
        ("Water", [("code-1", "A"), ("code-0", "B")]),
    ]


@pytest.mark.parametrize("value", ["", "a", "<x>"])
def test_the_long_select_says_what_djangos_does(value: str) -> None:
    choices = [("Most & more", [("a", "A <b>"), ("<x>", 'Q"')]), ("Other", [("c", "C")])]
    attrs = {"id": "id_kind", "required": True, "disabled": False}
    ours, django = LongSelect(choices=choices), Select(choices=choices)
    assertHTMLEqual(ours.render("kind", value, attrs), django.render("kind", value, attrs))
