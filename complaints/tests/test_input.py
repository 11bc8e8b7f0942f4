"""`POST /input/`: a complaint comes in."""

import json
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.utils import timezone
from rest_framework.exceptions import ParseError

from complaints.models import Complaint
from complaints.tests.factories import make_city, make_type
from complaints.tests.forecasters import (
    BrokenForecaster,
    FixedForecaster,
    NanForecaster,
    NoForecaster,
)
from smart311.parsers import StrictJSONParser

pytestmark = pytest.mark.django_db

GOOD = {"complaint_type": "noise-residential", "lat": 40.75, "lon": -73.85}


@pytest.fixture(autouse=True)
def kind(monkeypatch: pytest.MonkeyPatch) -> None:
    make_city()
    make_type(name="Noise - Residential", aliases=["loud"])
    monkeypatch.setattr("complaints.intake.get_forecaster", FixedForecaster)


def post(client: Client, body: Any, **extra: Any) -> Any:
    content = body if isinstance(body, (str, bytes)) else json.dumps(body)
    extra.setdefault("path", "/input/")
    extra.setdefault("content_type", "application/json")
    return client.generic("POST", extra.pop("path"), content, extra.pop("content_type"), **extra)


@pytest.mark.parametrize("path", ["/input", "/input/"])
def test_it_stores_the_complaint_and_answers_it(client: Client, path: str) -> None:
    body = {**GOOD, "description": "Drums.", "timestamp": "2019-07-10T12:00:00"}
    response = post(client, body, path=path)
    assert response.status_code == 201, response.content
    complaint = Complaint.objects.get()
    answer = response.json()
    assert answer["id"] == complaint.public_id
    assert response["Location"] == f"/api/v1/complaints/{complaint.public_id}/"
    assert answer["description"] == complaint.description == "Drums."
    assert complaint.created_at == datetime(2019, 7, 10, 16, tzinfo=UTC)
    assert (answer["latitude"], answer["longitude"]) == (40.75, -73.85)
    assert complaint.agency and answer["agency"] == complaint.agency.code == "NYPD"
    assert complaint.cell is not None
    assert answer["status"] == "open"
    assert answer["forecast"] == {
        "median_hours": 4.0,
        "p10_hours": 1.0,
        "p90_hours": 20.0,
        "model": "nyc-test",
        "beyond_horizon": False,
    }
    assert complaint.promised_by == "nyc-test"
    assert client.get(response["Location"]).json()["id"] == answer["id"]


def test_the_time_is_now_if_none_is_given(client: Client) -> None:
    before = timezone.now()
    post(client, GOOD)
    assert before <= Complaint.objects.get().created_at <= timezone.now()


@pytest.mark.parametrize("forecaster", [NoForecaster, NanForecaster, BrokenForecaster])
def test_a_missing_forecast_never_refuses_a_complaint(
    client: Client, monkeypatch: pytest.MonkeyPatch, forecaster: type
) -> None:
    monkeypatch.setattr("complaints.intake.get_forecaster", forecaster)
    response = post(client, GOOD)
    assert (response.status_code, response.json()["forecast"]) == (201, None)


@pytest.mark.parametrize("name", ["Noise - Residential", "LOUD", "noise_residential"])
def test_it_takes_names_and_aliases(client: Client, name: str) -> None:
    assert (
        post(client, {**GOOD, "complaint_type": name}).json()["complaint_type"]
        == GOOD["complaint_type"]
    )


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"complaint_type": "nois"}, "/complaint_type"),
        ({"complaint_type": None}, "/complaint_type"),
        ({"complaint_type": 7}, "/complaint_type"),
        ({"lat": 91}, "/lat"),
        ({"lat": 0, "lon": 0}, "/lat"),
        ({"lat": True}, "/lat"),
        ({"lat": "40.75"}, "/lat"),
        ({"lat": "1_0"}, "/lat"),
        ({"lat": 10**400}, "/lat"),
        ({"lat": None}, "/lat"),
        ({"lon": [1]}, "/lon"),
        ({"timestamp": "soon"}, "/timestamp"),
        ({"timestamp": 1562760000}, "/timestamp"),
        ({"timestamp": "2019-03-10T02:30:00"}, "/timestamp"),
        ({"timestamp": "2999-01-01T00:00:00Z"}, "/timestamp"),
        ({"description": "x" * 4001}, "/description"),
        ({"description": 5}, "/description"),
        ({"id": "abc"}, "/id"),
        ({"status": "closed"}, "/status"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_stored(
    client: Client, change: dict[str, Any], pointer: str
) -> None:
    response = post(client, {**GOOD, **change})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert response.json()["request_id"] == response["X-Request-ID"]
    assert not Complaint.objects.exists()


@pytest.mark.parametrize("field", GOOD)
def test_a_missing_field_is_named(client: Client, field: str) -> None:
    response = post(client, {name: value for name, value in GOOD.items() if name != field})
    assert response.json()["errors"][0] == {
        "pointer": f"/{field}",
        "code": "required",
        "detail": "This field is required.",
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "This field is required"),
        (b" ", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"lat": NaN}', "NaN is not a JSON number"),
        (b'{"lat": 1, "lat": 2}', "same key twice"),
        (b'{"description": "a\\u0000b"}', "null byte"),
        (b'{"description": "\\ud800"}', "lone surrogate"),
        (b'{"description": ["\\u0000"]}', "null byte"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[]", "Invalid data"),
        (b'"text"', "Invalid data"),
    ],
)
def test_a_malformed_body_is_a_400(client: Client, body: bytes, message: str) -> None:
    response = post(client, body)
    assert response.status_code == 400
    assert message in response.json()["detail"]
    assert not Complaint.objects.exists()


def test_a_truncated_body_is_refused() -> None:
    request = RequestFactory().post("/input/", CONTENT_LENGTH="50")
    with pytest.raises(ParseError, match="ends after 13 of 50 bytes"):
        StrictJSONParser().parse(BytesIO(b'{"lat": 40.1}'), None, {"request": request})


def test_other_formats_are_a_415(client: Client) -> None:
    response = post(client, "lat=1", content_type="application/x-www-form-urlencoded")
    assert response.status_code == 415
    assert response["Content-Type"] == "application/problem+json"


def test_reading_it_is_a_405(client: Client) -> None:
    assert client.get("/input/").status_code == 405


def test_an_outage_of_the_database_is_a_503(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr("complaints.classic.store", fail)
    response = post(client, GOOD)
    assert response.status_code == 503
    assert response["Retry-After"] == "5"


def test_a_key_makes_a_repeated_complaint_one(client: Client) -> None:
    first, again = (post(client, GOOD, HTTP_IDEMPOTENCY_KEY="input-key-1") for _ in range(2))
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert Complaint.objects.count() == 1
