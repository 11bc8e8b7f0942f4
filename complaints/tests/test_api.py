"""The read-only part of `/api/v1/`."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from complaints.codes import codes
from complaints.models import Reporter
from complaints.tests.factories import (
    NOON,
    make_agency,
    make_city,
    make_complaint,
    make_district,
    make_type,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("slash", ["", "/"])
def test_complaints_come_newest_first(client: Client, slash: str) -> None:
    made = [make_complaint(created_at=NOON + timedelta(hours=hour)) for hour in range(3)]
    body = client.get(f"/api/v1/complaints{slash}").json()
    assert [row["id"] for row in body["results"]] == [row.public_id for row in reversed(made)]


def test_pages_follow_each_other_and_stay_stable_under_inserts(client: Client) -> None:
    made = [make_complaint(created_at=NOON + timedelta(hours=hour)) for hour in range(5)]
    first = client.get("/api/v1/complaints/?page_size=3").json()
    make_complaint(created_at=NOON + timedelta(days=1))
    second = client.get(first["next"]).json()
    found = [row["id"] for row in first["results"] + second["results"]]
    assert found == [row.public_id for row in reversed(made)]
    assert second["next"] is None


def test_a_list_takes_one_query_however_long(
    client: Client, settings: Any, django_assert_num_queries: Any
) -> None:
    for code in ("a", "b", "c"):
        make_complaint(complaint_type=make_type(code), district=make_district())
    settings.FORECAST_REFRESH_SECONDS = 3600
    codes.state()
    with django_assert_num_queries(1):
        rows = client.get("/api/v1/complaints/").json()["results"]
    assert {row["complaint_type"] for row in rows} == {"a", "b", "c"}
    assert rows[0]["district"] == "queens-07"


@pytest.mark.parametrize("slash", ["", "/"])
def test_one_complaint_shows_its_promise(client: Client, slash: str) -> None:
    complaint = make_complaint(
        promised_median_hours=4.0,
        promised_p10_hours=1.0,
        promised_p90_hours=9.0,
        promised_by="nyc-1",
        closed_after_hours=2,
    )
    body = client.get(f"/api/v1/complaints/{complaint.public_id}{slash}").json()
    assert body["forecast"] == {
        "median_hours": 4.0,
        "p10_hours": 1.0,
        "p90_hours": 9.0,
        "model": "nyc-1",
        "beyond_horizon": False,
    }
    assert body["created_at"] == "2019-07-10T16:00:00Z"
    assert body["closed_at"] == "2019-07-10T18:00:00Z"
    assert body["status"] == "closed"


@pytest.mark.parametrize(("hours", "is_beyond"), [(1439.9, False), (1440.0, True)])
def test_a_promise_says_that_its_median_lies_past_what_models_speak_of(
    client: Client, hours: float, is_beyond: bool
) -> None:
    complaint = make_complaint(
        promised_median_hours=hours,
        promised_p10_hours=300.0,
        promised_p90_hours=1440.0,
        promised_by="nyc-1",
    )
    one = client.get(f"/api/v1/complaints/{complaint.public_id}/").json()
    (listed,) = client.get("/api/v1/complaints/").json()["results"]
    assert one["forecast"]["beyond_horizon"] is is_beyond
    assert listed["forecast"] == one["forecast"]


def test_private_data_is_in_no_answer(client: Client) -> None:
    complaint = make_complaint(description="call 555-0100")
    Reporter.objects.create(complaint=complaint, name="Marker Person", email="m@example.org")
    for path in ("/api/v1/complaints/", f"/api/v1/complaints/{complaint.public_id}/"):
        text = client.get(path).content.decode()
        assert "Marker" not in text
        assert "555-0100" not in text


@pytest.mark.parametrize("key", ["0" * 20, "1", "..", "x" * 300, "%00"])
def test_a_missing_complaint_is_a_problem_document(client: Client, key: str) -> None:
    response = client.get(f"/api/v1/complaints/{key}/")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["request_id"] == response["X-Request-ID"]


def test_a_bad_cursor_is_a_400_not_a_500(client: Client) -> None:
    assert client.get("/api/v1/complaints/?cursor=%00garbage").status_code == 400


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("complaint-types", "code"),
        ("agencies", "code"),
        ("cities", "slug"),
        ("districts", "code"),
    ],
)
def test_reference_lists_and_their_rows(
    client: Client, path: str, key: str, django_assert_num_queries: Any
) -> None:
    make_city("gotham", name="Gotham")
    for code in ("one", "two"):
        make_type(code)
        make_agency(code)
        make_district(code)
    with django_assert_num_queries(1):
        rows = client.get(f"/api/v1/{path}").json()["results"]
    assert len(rows) >= 2
    row = client.get(f"/api/v1/{path}/{rows[0][key]}/").json()
    assert row == rows[0]


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_anonymous_writes_are_refused(client: Client, method: str) -> None:
    response: Any = getattr(client, method)("/api/v1/complaints/", content_type="application/json")
    assert response.status_code in {401, 405}
    assert response["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("cursor", ["cD1hYmM%3D", "cD05OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "%00"])
def test_a_bad_cursor_of_a_reference_list_is_refused(client: Client, cursor: str) -> None:
    response = client.get(f"/api/v1/agencies/?cursor={cursor}")
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == ["/cursor"]


@pytest.mark.parametrize("path", ["agencies/", "agencies/NYPD", "complaint-types", "cities/"])
def test_what_has_not_changed_is_not_sent_again(client: Client, path: str) -> None:
    agency = make_agency()
    make_type()
    first = client.get(f"/api/v1/{path}")
    seen = {"If-None-Match": first["ETag"]}
    assert client.get(f"/api/v1/{path}", headers=seen).status_code == 304
    agency.name = "Another name"
    agency.save(update_fields=["name"])
    has_changed = path.startswith("agencies")
    assert client.get(f"/api/v1/{path}", headers=seen).status_code == (200 if has_changed else 304)
