"""`POST /api/v1/complaints/`: a complaint comes in."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from prometheus_client import REGISTRY
from rest_framework.renderers import JSONRenderer

from complaints.boundaries import boundaries
from complaints.cities import default_city
from complaints.filing_answers import filed, filed_many, stored
from complaints.filing_serializers import BulkAnswerSerializer, FiledSerializer
from complaints.forecasting import ForecastQuery
from complaints.models import Complaint, ComplaintType, IntakeReceipt, Reporter
from complaints.neighbours import possible_duplicates
from complaints.rendering import render
from complaints.serializers import StoredComplaintSerializer
from complaints.tests.factories import make_city, make_complaint, make_district, make_type
from complaints.tests.forecasters import FixedForecaster, NoForecaster

pytestmark = pytest.mark.django_db

PLACE = {"latitude": 40.75, "longitude": -73.85}
GOOD = {"complaint_type": "noise-residential", **PLACE}
FULL = {
    **GOOD,
    "created_at": "2019-07-10T12:00:00",
    "description": "Drums.",
    "descriptor": "Loud Music/Party",
    "channel": "mobile",
    "address": "1 MAIN STREET",
    "zip": "11354",
    "media_url": "https://example.org/a.jpg",
}
MARKERS = {"name": "Marker Person", "email": "marker@example.org", "phone": "555-0100"}


@pytest.fixture(autouse=True)
def _kind(monkeypatch: pytest.MonkeyPatch) -> None:
    make_type(name="Noise - Residential", aliases=["loud"])
    monkeypatch.setattr("complaints.intake.get_forecaster", FixedForecaster)


def post(client: Client, body: Any, path: str = "/api/v1/complaints/", **extra: Any) -> Any:
    return client.post(path, body, content_type="application/json", **extra)


@pytest.mark.parametrize("path", ["/api/v1/complaints", "/api/v1/complaints/"])
def test_it_stores_every_field_and_answers_it(client: Client, path: str) -> None:
    response = post(client, FULL, path)
    assert response.status_code == 201, response.content
    complaint = Complaint.objects.get()
    answer = response.json()
    assert answer["id"] == complaint.public_id
    assert response["Location"] == f"/api/v1/complaints/{complaint.public_id}/"
    assert answer["created_at"] == "2019-07-10T16:00:00Z"
    for name in FULL.keys() - {"created_at", "complaint_type"}:
        assert answer[name] == getattr(complaint, name) == FULL[name]
    assert answer["forecast"]["median_hours"] == complaint.promised_median_hours == 4.0
    assert answer["possible_duplicates"] == []
    assert list(complaint.events.values_list("kind", flat=True)) == ["opened"]
    assert client.get(response["Location"]).json()["id"] == answer["id"]


def test_an_address_alone_is_a_place(client: Client) -> None:
    answer = post(client, {"complaint_type": "loud", "address": "1 Main St"}).json()
    assert (answer["latitude"], answer["longitude"]) == (None, None)
    assert answer["forecast"]["median_hours"] == 4.0
    assert Complaint.objects.get().cell is None


def test_the_reporter_is_stored_and_never_answered(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    response = post(client, {**GOOD, "reporter": MARKERS}, HTTP_IDEMPOTENCY_KEY="reporter-1")
    reporter = Reporter.objects.get(complaint__public_id=response.json()["id"])
    assert {name: getattr(reporter, name) for name in MARKERS} == MARKERS
    pages = [response, client.get(response["Location"]), client.get("/api/v1/complaints/")]
    texts = [page.content.decode() for page in pages]
    texts += [caplog.text, IntakeReceipt.objects.get().answer]
    assert not [text for text in texts for marker in MARKERS.values() if marker in text]


@pytest.mark.parametrize("reporter", [None, {}, {"name": "\u200b"}])
def test_a_reporter_of_nothing_is_no_reporter(client: Client, reporter: Any) -> None:
    assert post(client, {**GOOD, "reporter": reporter}).status_code == 201
    assert not Reporter.objects.exists()


def test_possible_duplicates_are_open_near_recent_and_of_the_type(client: Client) -> None:
    now = timezone.now()
    near = make_complaint(
        created_at=now - timedelta(hours=5),
        latitude=40.7510,
        promised_median_hours=3.0,
        promised_p10_hours=1.0,
        promised_p90_hours=9.0,
        promised_by="nyc-1",
    )
    make_complaint(created_at=now - timedelta(hours=5), closed_after_hours=1)
    make_complaint(created_at=now - timedelta(hours=5), latitude=40.7520)
    make_complaint(created_at=now - timedelta(days=15))
    make_complaint(created_at=now, complaint_type=make_type("rodent"))
    make_complaint(created_at=now, duplicate_of=near)
    found = post(client, GOOD).json()["possible_duplicates"]
    assert [row["id"] for row in found] == [near.public_id]
    assert found[0]["age_hours"] == pytest.approx(5.0, abs=0.02)
    assert found[0]["distance_metres"] == pytest.approx(111.2, abs=0.2)
    assert found[0]["forecast"]["median_hours"] == 3.0


def test_the_district_is_that_of_most_earlier_complaints_in_the_cell(client: Client) -> None:
    few, many = make_district("queens-06"), make_district("queens-07")
    for district in (few, many, many):
        make_complaint(district=district)
    assert post(client, GOOD).json()["district"] == "queens-07"


def test_the_district_is_looked_for_in_wider_rings(client: Client) -> None:
    make_complaint(district=make_district("near"), latitude=40.7535)
    for _ in range(3):
        make_complaint(district=make_district("further"), latitude=40.7565)
    assert post(client, GOOD).json()["district"] == "near"


def test_a_place_far_from_every_complaint_has_no_district(client: Client) -> None:
    make_complaint(district=make_district(), latitude=40.85)
    assert post(client, GOOD).json()["district"] is None


def test_a_staff_member_who_files_is_the_actor(client: Client) -> None:
    user = User.objects.create_user("agent")
    client.force_login(user)
    post(client, GOOD)
    assert Complaint.objects.get().events.get().actor == user


BAD: list[tuple[dict[str, Any], str]] = [
    ({"complaint_type": "nois"}, "/complaint_type"),
    ({"complaint_type": True}, "/complaint_type"),
    ({"latitude": 91}, "/latitude"),
    ({"latitude": True}, "/latitude"),
    ({"latitude": "1_0"}, "/latitude"),
    ({"latitude": 0, "longitude": 0}, "/latitude"),
    ({"latitude": None}, "/latitude"),
    ({"longitude": None}, "/longitude"),
    ({"latitude": None, "longitude": None}, "/latitude"),
    ({"latitude": None, "longitude": None, "address": "\u200b \ufeff"}, "/latitude"),
    ({"created_at": "2999-01-01T00:00:00Z"}, "/created_at"),
    ({"created_at": "0001-01-01T00:00:00Z"}, "/created_at"),
    ({"created_at": "2019-03-10T02:30:00"}, "/created_at"),
    ({"description": 5}, "/description"),
    ({"descriptor": "x" * 201}, "/descriptor"),
    ({"channel": "x" * 21}, "/channel"),
    ({"address": "x" * 301}, "/address"),
    ({"zip": 11354}, "/zip"),
    ({"media_url": "ftp://example.org/a"}, "/media_url"),
    ({"media_url": "javascript:alert(1)"}, "/media_url"),
    ({"media_url": "https://example.org/" + "x" * 500}, "/media_url"),
    ({"reporter": "me"}, "/reporter"),
    ({"reporter": {"email": "nobody"}}, "/reporter/email"),
    ({"reporter": {"phone": 5550100}}, "/reporter/phone"),
    ({"reporter": {"age": 7}}, "/reporter/age"),
    ({"status": "closed"}, "/status"),
    ({"id": "0" * 20}, "/id"),
]


@pytest.mark.parametrize(("wrong", "pointer"), BAD)
def test_a_bad_field_is_named_and_nothing_is_stored(
    client: Client, wrong: dict[str, Any], pointer: str
) -> None:
    response = post(client, {**GOOD, **wrong}, HTTP_IDEMPOTENCY_KEY="bad-field-1")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert {error["pointer"] for error in response.json()["errors"]} == {pointer}
    assert not Complaint.objects.exists()
    assert not IntakeReceipt.objects.exists()


def test_a_bulk_is_stored_in_its_order(
    client: Client, settings: Any, django_assert_max_num_queries: Any
) -> None:
    make_complaint(district=make_district())
    rows = [{**FULL, "zip": str(10000 + n), "reporter": MARKERS} for n in range(50)]
    settings.FORECAST_REFRESH_SECONDS = 3600
    default_city()
    boundaries.state()
    with django_assert_max_num_queries(9):
        response = post(client, rows, "/api/v1/complaints/bulk/")
    assert response.status_code == 201, response.content
    answer = response.json()
    assert answer["count"] == 50
    assert [row["zip"] for row in answer["complaints"]] == [row["zip"] for row in rows]
    assert {row["district"] for row in answer["complaints"]} == {"queens-07"}
    assert len({row["id"] for row in answer["complaints"]}) == 50
    assert Reporter.objects.count() == 50
    assert "Marker" not in response.content.decode()


def test_a_bulk_with_an_error_stores_nothing_and_points_at_it(client: Client) -> None:
    rows = [GOOD, GOOD, {**GOOD, "zip": 5}, {**GOOD, "latitude": 91}]
    response = post(client, rows, "/api/v1/complaints/bulk")
    assert response.status_code == 400
    pointers = [error["pointer"] for error in response.json()["errors"]]
    assert pointers == ["/2/zip", "/3/latitude"]
    assert not Complaint.objects.exists()


@pytest.mark.parametrize("body", [[], {}, GOOD, [5], [GOOD] * 1001])
def test_a_bulk_is_a_list_of_one_to_a_thousand(client: Client, body: Any) -> None:
    assert post(client, body, "/api/v1/complaints/bulk/").status_code == 400
    assert not Complaint.objects.exists()


def test_a_bulk_sent_again_is_stored_once(client: Client) -> None:
    answers = [
        post(client, [GOOD] * 3, "/api/v1/complaints/bulk/", HTTP_IDEMPOTENCY_KEY="bulk-key-1")
        for _ in range(2)
    ]
    assert answers[0].content == answers[1].content
    assert Complaint.objects.count() == 3


def test_a_city_that_is_not_loaded_is_a_503(client: Client, settings: Any) -> None:
    settings.CITY = "nowhere"
    assert make_city().slug == "nyc"
    assert post(client, GOOD).status_code == 503


def test_answers_are_rendered_as_the_serializers_document_them(client: Client) -> None:
    make_complaint(created_at=timezone.now(), district=make_district())
    answer = post(client, FULL).content
    complaint = Complaint.objects.latest("id")
    near = possible_duplicates(complaint, complaint.created_at)
    forecast = FixedForecaster().forecast(
        complaint.city, ForecastQuery("noise-residential", complaint.created_at)
    )
    for serializer, fast in (
        (
            FiledSerializer(complaint, context={"possible_duplicates": near, "forecast": forecast}),
            filed(complaint, near, forecast),
        ),
        (
            BulkAnswerSerializer({"count": 1, "complaints": [complaint]}),
            filed_many([complaint]),
        ),
        (StoredComplaintSerializer(complaint), stored(complaint)),
    ):
        assert json.loads(render(fast)) == json.loads(JSONRenderer().render(serializer.data))
    assert list(json.loads(answer)) == list(FiledSerializer().fields)
    assert json.loads(answer) == json.loads(render(filed(complaint, near, forecast)))


def test_filing_takes_few_round_trips(client: Client, settings: Any) -> None:
    make_complaint(district=make_district())
    settings.FORECAST_REFRESH_SECONDS = 3600
    default_city()
    boundaries.state()
    # Every twelfth filing of an address takes a share of its limit; not the one looked at.
    assert post(client, {}).status_code == 400
    with CaptureQueriesContext(connection) as captured:
        assert post(client, FULL, HTTP_IDEMPOTENCY_KEY="round-trips").status_code == 201
    statements = [query["sql"].split()[0] for query in captured]
    # The test's own transaction makes a savepoint of what is a BEGIN and a COMMIT otherwise.
    assert statements == ["SAVEPOINT", *["SELECT"] * 3, "SELECT", "INSERT", "RELEASE"]


@pytest.mark.django_db(transaction=True)
def test_a_type_deleted_a_moment_ago_is_a_503_and_then_unknown(
    client: Client, settings: Any
) -> None:
    settings.FORECAST_REFRESH_SECONDS = 3600
    default_city()
    ComplaintType.objects.all().delete()
    response = post(client, GOOD, HTTP_IDEMPOTENCY_KEY="deleted-type")
    assert (response.status_code, response["Retry-After"]) == (503, "5")
    assert not Complaint.objects.exists()
    assert not IntakeReceipt.objects.exists()
    assert post(client, GOOD, HTTP_IDEMPOTENCY_KEY="deleted-type").status_code == 400


def test_what_is_stored_is_counted_and_what_is_rolled_back_is_not(
    client: Client, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted() -> tuple[float, float]:
        return tuple(  # type: ignore[return-value]
            REGISTRY.get_sample_value("smart311_complaints_filed_total", {"forecast": word}) or 0.0
            for word in ("yes", "no")
        )

    yes, no = counted()
    with django_capture_on_commit_callbacks(execute=True):
        post(client, GOOD)
        post(client, [GOOD] * 3, "/api/v1/complaints/bulk/")
        post(client, [GOOD, {}], "/api/v1/complaints/bulk/")
        monkeypatch.setattr("complaints.intake.get_forecaster", NoForecaster)
        post(client, GOOD)
    assert counted() == (yes + 4, no + 1)
    with django_capture_on_commit_callbacks():
        post(client, GOOD)
    assert counted() == (yes + 4, no + 1)


def test_it_tells_what_to_expect_and_why_if_asked(client: Client) -> None:
    outlook = post(client, GOOD).json()["outlook"]
    assert outlook["closed_within"] == {"24": 0.92, "72": 0.97, "168": 0.99}
    assert outlook["sentence"].startswith("Half of such complaints are closed within 4")
    assert outlook["queue"]["open_nearby"] == 3
    assert outlook["why"] is None
    asked = post(client, GOOD, "/api/v1/complaints/?why=true").json()["outlook"]
    assert [(fact["feature"], fact["hours"]) for fact in asked["why"]] == [
        ("place", 1.5),
        ("queue", -0.5),
    ]
    assert "longer than usual for this type" in asked["why"][0]["words"]


def test_without_a_model_there_is_no_outlook(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("complaints.intake.get_forecaster", NoForecaster)
    assert post(client, GOOD).json()["outlook"] is None


def test_a_why_that_is_neither_true_nor_false_is_refused(client: Client) -> None:
    response = post(client, GOOD, "/api/v1/complaints/?why=perhaps")
    assert response.status_code == 400
    assert "expected true or false" in response.json()["detail"]
    assert not Complaint.objects.exists()
