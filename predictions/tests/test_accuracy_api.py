"""`GET /api/v1/models/{version}/accuracy/`."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from complaints.tests.factories import NOON, make_agency, make_district, make_type
from predictions.promises import count_promises
from predictions.tests.small_model import activate_small_model
from predictions.tests.test_promises import LATER, promised

pytestmark = pytest.mark.django_db
PATH = "/api/v1/models/small-1/accuracy"


@pytest.mark.parametrize("slash", ["", "/"])
def test_it_answers_shares_by_week_type_agency_and_district(
    client: Client, slash: str, django_assert_num_queries: Any
) -> None:
    city = activate_small_model().city
    promised(2.0, district=make_district())
    promised(0.5)
    rodent = make_type("rodent", agency=make_agency("DOHMH"))
    promised(None, complaint_type=rodent, created_at=NOON + timedelta(days=7))
    promised(2.0, promised_by="small-0")
    count_promises(city, LATER + timedelta(days=14))
    with django_assert_num_queries(8):
        body = client.get(PATH + slash).json()
    assert (body["version"], body["target"]) == ("small-1", 0.8)
    assert body["overall"]["due"] == 3
    assert body["overall"]["kept"] == pytest.approx(1 / 3)
    assert [(row["week_on"], row["due"]) for row in body["by_week"]] == [
        ("2019-07-08", 2),
        ("2019-07-15", 1),
    ]
    assert [(row["code"], row["kept"]) for row in body["by_type"]] == [
        ("noise-residential", 0.5),
        ("rodent", 0.0),
    ]
    assert {row["code"] for row in body["by_agency"]} == {"NYPD", "DOHMH"}
    assert {row["code"]: row["due"] for row in body["by_district"]} == {"queens-07": 1, None: 2}


def test_before_any_range_has_passed_there_is_nothing_to_say(client: Client) -> None:
    activate_small_model()
    body = client.get(PATH).json()
    assert body["overall"] is None
    assert body["counted_until"] is None
    assert body["by_week"] == body["by_type"] == []
    assert "whether its complaint is closed or not" in body["definition"]


def test_an_unknown_version_is_a_404_and_nothing_can_be_posted(client: Client) -> None:
    activate_small_model()
    assert client.get("/api/v1/models/small-9/accuracy/").status_code == 404
    assert client.post(PATH).status_code in {403, 405}
