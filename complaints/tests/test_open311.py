"""GeoReport v2 as a client sees it that knows the specification only."""

from datetime import datetime, timedelta
from io import BytesIO, StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from complaints.models import Complaint, Reporter
from complaints.tests.factories import make_agency, make_city, make_complaint, make_type
from complaints.tests.forecasters import FixedForecaster, NoForecaster
from complaints.tests.georeport_client import CONTENT_TYPES, FORM, GeoReport
from smart311.accounts.tests.people import make_key

pytestmark = pytest.mark.django_db

FIELDS = [
    "service_request_id", "status", "status_notes", "service_name", "service_code", "description",
    "agency_responsible", "service_notice", "requested_datetime", "updated_datetime",
    "expected_datetime", "address", "address_id", "zipcode", "lat", "long", "media_url",
]  # fmt: skip
HOUR = timedelta(hours=1)
PLACE = {"lat": "40.75", "long": "-73.85"}
NOISE = {"service_code": "noise-residential", **PLACE}
WEAPONS = {
    "variable": True, "code": "kind", "datatype": "singlevaluelist", "required": True, "order": 2,
    "description": "What is it?", "datatype_description": "Pick one",
    "values": [{"key": "drums", "name": "Drums"}, {"key": "horn", "name": "Horn"}],
}  # fmt: skip
QUESTIONS: list[dict[str, Any]] = [
    WEAPONS,
    {**WEAPONS, "code": "days", "datatype": "multivaluelist", "required": False, "order": 1},
    {"code": "floor", "datatype": "number", "required": False, "order": 3, "description": "Floor?"},
    {"code": "since", "datatype": "datetime", "required": False, "order": 4, "description": "Day?"},
    {"variable": False, "code": "hint", "required": False, "order": 5, "description": "Be safe."},
]


@pytest.fixture(params=["json", "xml"])
def city(request: pytest.FixtureRequest) -> GeoReport:
    """The endpoint of a city with one type, read in each format."""
    make_type()
    return GeoReport(request.param)


@pytest.fixture
def filer(city: GeoReport, monkeypatch: pytest.MonkeyPatch) -> GeoReport:
    """The same with a key; forecasts are four hours."""
    monkeypatch.setattr("complaints.intake.get_forecaster", FixedForecaster)
    return GeoReport(city.suffix, make_key()[1])


def recent(hours_ago: float = 2, **fields: Any) -> Complaint:
    return make_complaint(created_at=timezone.now() - hours_ago * HOUR, **fields)


def promised(**fields: Any) -> Complaint:
    numbers = {"promised_median_hours": 4.0, "promised_p10_hours": 1.0, "promised_p90_hours": 20.0}
    return recent(promised_by="nyc-test", **{**numbers, **fields})


def ids(body: Any) -> list[str]:
    return [each["service_request_id"] for each in body]


def test_discovery_says_where_it_is_served(city: GeoReport) -> None:
    answered = city.get("discovery")
    assert (answered.status, set(answered.body)) == (
        200,
        {"changeset", "contact", "key_service", "endpoints"},
    )
    (endpoint,) = answered.body["endpoints"]
    assert endpoint["url"] == "http://testserver/open311/v2/"
    assert (endpoint["type"], endpoint["formats"]) == (
        "production",
        ["text/xml", "application/json"],
    )
    assert datetime.fromisoformat(endpoint["changeset"]).tzinfo


def test_services_are_the_types_that_can_be_filed(city: GeoReport) -> None:
    make_type("graffiti", attribute_definitions=[WEAPONS], keywords=["paint", "tag"], group="Walls")
    make_type("old", is_active=False)
    graffiti, noise = city.get("services").body
    assert graffiti == {
        "service_code": "graffiti",
        "service_name": "Graffiti",
        "description": "Graffiti, worked by Department NYPD",
        "metadata": True,
        "type": "realtime",
        "keywords": "paint,tag",
        "group": "Walls",
    }
    assert (noise["service_code"], noise["metadata"]) == ("noise-residential", False)


def test_a_definition_has_the_questions_in_their_order(city: GeoReport) -> None:
    make_type("graffiti", attribute_definitions=QUESTIONS)
    body = city.get("services/graffiti").body
    assert body["service_code"] == "graffiti"
    codes = [each["code"] for each in body["attributes"]]
    assert codes == ["days", "kind", "floor", "since", "hint"]
    kind = body["attributes"][1]
    assert set(kind) == {
        "variable", "code", "datatype", "required", "datatype_description", "order", "description",
        "values",
    }  # fmt: skip
    assert (kind["required"], kind["order"], kind["values"]) == (True, 2, WEAPONS["values"])
    assert city.get("services/noise-residential").body["attributes"] in ([], None)


def test_a_request_has_every_field_and_the_promise_in_a_sentence(city: GeoReport) -> None:
    complaint = promised(descriptor="Loud Music", zip="11354", address="1 MAIN STREET")
    (body,) = city.get(f"requests/{complaint.public_id}").body
    assert list(body) == FIELDS
    assert body["service_request_id"] == complaint.public_id
    assert (body["service_code"], body["service_name"]) == (
        "noise-residential",
        "Noise Residential",
    )
    assert (body["status"], body["status_notes"], body["media_url"]) == ("open", None, None)
    assert (body["lat"], body["long"], body["zipcode"]) == (40.75, -73.85, "11354")
    assert body["agency_responsible"] == "Department NYPD"
    assert body["description"] == "Loud Music"
    asked, due = (
        datetime.fromisoformat(body[name]) for name in ("requested_datetime", "expected_datetime")
    )
    assert asked == complaint.created_at.replace(microsecond=0)
    assert abs(due - complaint.created_at - 4 * HOUR) < timedelta(seconds=1)
    assert body["service_notice"].startswith("Half of such reports are closed by ")
    assert "eight in ten between" in body["service_notice"]
    assert "." not in body["requested_datetime"]


def test_a_promise_past_the_horizon_names_no_day(city: GeoReport) -> None:
    never = promised(promised_median_hours=1440.0, promised_p90_hours=1440.0)
    (body,) = city.get(f"requests/{never.public_id}").body
    assert body["expected_datetime"] is None
    assert "More than half of such reports are still open after 60 days" in body["service_notice"]
    late = promised(promised_p90_hours=1440.0)
    (body,) = city.get(f"requests/{late.public_id}").body
    assert "one in ten is still open after 60 days" in body["service_notice"]


def test_a_request_without_promise_or_place_has_nulls(city: GeoReport) -> None:
    complaint = recent(latitude=None, longitude=None)
    (body,) = city.get(f"requests/{complaint.public_id}").body
    for name in ("expected_datetime", "service_notice", "lat", "long", "address", "description"):
        assert body[name] is None
    (extended,) = city.get(f"requests/{complaint.public_id}", extensions="true").body
    assert set(extended["extended_attributes"].values()) == {None}


def test_extensions_tell_the_promise_in_numbers_and_the_history(city: GeoReport) -> None:
    complaint = promised()
    complaint.close(timezone.now(), "Spoke to the neighbours.")
    (body,) = city.get("requests", extensions="true").body
    assert list(body) == [*FIELDS, "extended_attributes", "notes"]
    numbers = body["extended_attributes"]
    assert (numbers["p10_hours"], numbers["p50_hours"], numbers["p90_hours"]) == (1.0, 4.0, 20.0)
    chances = [numbers[f"closed_within_{hours}h"] for hours in (24, 72, 168)]
    assert 0.9 < chances[0] < chances[1] <= chances[2] < 1
    assert numbers["model_version"] == "nyc-test"
    assert numbers["closed_datetime"].endswith("Z")
    assert [note["type"] for note in body["notes"]] == ["opened", "closed"]
    assert set(body["notes"][0]) == {"datetime", "type", "summary", "description"}
    assert (body["status"], body["status_notes"]) == ("closed", "Spoke to the neighbours.")


def test_what_is_in_progress_is_open(city: GeoReport) -> None:
    recent().set_in_progress(True)
    done = recent(closed_after_hours=1)
    assert [each["status"] for each in city.get("requests", status="open").body] == ["open"]
    assert ids(city.get("requests", status="CLOSED").body) == [done.public_id]
    assert len(city.get("requests", status="open,closed").body) == 2


def test_filing_stores_a_complaint_and_answers_its_id(filer: GeoReport) -> None:
    form = {
        "service_code": "noise-residential", **PLACE, "description": "Drums.", "first_name": "Jo",
        "last_name": "Doe", "email": "jo@example.org", "phone": "+1 212 555 0142",
        "address_string": "1 MAIN ST", "media_url": "https://example.org/drums.jpg",
        "device_id": "d", "account_id": "a", "title": "x",
    }  # fmt: skip
    answered = filer.post("requests", form)
    assert answered.status == 200, answered.text
    (body,) = answered.body
    assert list(body) == ["service_request_id", "service_notice", "account_id"]
    assert body["service_notice"].startswith("Half of such reports are closed by ")
    stored = Complaint.objects.get(public_id=body["service_request_id"])
    assert (stored.description, stored.channel) == ("Drums.", "open311")
    assert (stored.latitude, stored.longitude, stored.address) == (40.75, -73.85, "1 MAIN ST")
    assert stored.media_url == "https://example.org/drums.jpg"
    assert stored.promised_median_hours == 4.0
    assert stored.filed_by is not None
    assert stored.filed_by.username == "program"
    reporter = Reporter.objects.get(complaint=stored)
    assert (reporter.name, reporter.email) == ("Jo Doe", "jo@example.org")
    (seen,) = filer.get(f"requests/{stored.public_id}").body
    assert (seen["service_notice"], seen["media_url"]) == (body["service_notice"], None)
    token = filer.get(f"tokens/{stored.public_id}").body
    assert token == [{"service_request_id": stored.public_id, "token": stored.public_id}]


def test_a_request_without_a_forecast_is_taken_as_well(
    filer: GeoReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("complaints.intake.get_forecaster", NoForecaster)
    (body,) = filer.post("requests", NOISE).body
    assert body["service_notice"] is None
    assert Complaint.objects.get().public_id == body["service_request_id"]


def test_a_request_sent_again_with_its_key_is_stored_once(filer: GeoReport) -> None:
    form = {**NOISE, "attribute[x][]": ["1", "2"]}
    headers = {"Idempotency-Key": "a-key-of-my-own"}
    first, again = (filer.post("requests", form, headers) for _ in range(2))
    assert (first.body, again.headers["Idempotency-Replayed"]) == (again.body, "true")
    other = filer.post("requests", {**form, "attribute[x][]": ["3", "2"]}, headers)
    assert (other.status, Complaint.objects.count()) == (400, 1)


def test_answers_are_checked_against_the_definition(filer: GeoReport) -> None:
    make_type("graffiti", attribute_definitions=QUESTIONS)
    form = {"service_code": "graffiti", **PLACE}
    missing = filer.post("requests", form)
    assert (missing.status, "attribute[kind]" in missing.errors) == (400, True)
    for name, wrong in {
        "attribute[kind]": "trumpet",
        "attribute[days][]": ["drums", "never"],
        "attribute[floor]": "high",
        "attribute[since]": "yesterday",
    }.items():
        refused = filer.post("requests", {**form, "attribute[kind]": "drums", name: wrong})
        assert (refused.status, name.removesuffix("[]") in refused.errors) == (400, True), name
    assert not Complaint.objects.exists()
    good = {
        "attribute[kind]": "drums", "attribute[days][]": ["drums", "horn"], "attribute[floor]": "3",
        "attribute[title]": "Not asked",
    }  # fmt: skip
    assert filer.post("requests", {**form, **good}).status == 200
    assert Complaint.objects.get().attributes == {
        "kind": ["drums"], "days": ["drums", "horn"], "floor": ["3"], "title": ["Not asked"],
    }  # fmt: skip


def test_answers_are_forgotten_with_the_rest() -> None:
    complaint = make_complaint(closed_after_hours=1, attributes={"phone": ["555-0100"]})
    call_command("erase_reporters", "--older-than", "90d", stdout=StringIO())
    complaint.refresh_from_db()
    assert complaint.attributes == {}


@pytest.mark.parametrize(
    ("form", "status", "named"),
    [
        ({}, 400, "service_code"),
        ({"service_code": "noise-residential"}, 400, "lat"),
        ({"service_code": "nothing-such", **PLACE}, 404, "nothing-such"),
        ({"service_code": "noise-residential", "lat": "40.75"}, 400, "long"),
        ({**NOISE, "lat": "40.75x"}, 400, "lat"),
        ({**NOISE, "lat": "91"}, 400, "lat"),
        ({**NOISE, "lat": "12"}, 400, "lat: "),
        ({"service_code": "noise-residential", "address_id": "7"}, 400, "address_id"),
        ({**NOISE, "email": "jo"}, 400, "email"),
        ({**NOISE, "description": "x" * 4001}, 400,
         "description"),
        ({**NOISE, "description": "a\0"}, 400, "null byte"),
        ({**NOISE, "media_url": "file:/x"}, 400, "media_url"),
        ({"service_code": ["a", "b"], **PLACE}, 400, "service_code"),
        ({**NOISE, "jurisdiction_id": "no.gov"}, 404,
         "no.gov"),
        ({**NOISE, "attribute[x]": "y" * 4001}, 400,
         "attribute[x]"),
    ],
)  # fmt: skip
def test_a_bad_request_is_refused_by_name(
    filer: GeoReport, form: dict[str, Any], status: int, named: str
) -> None:
    refused = filer.post("requests", form)
    assert (refused.status, named in refused.errors) == (status, True), refused.text
    assert not Complaint.objects.exists()


def test_empty_parameters_are_absent_ones(filer: GeoReport) -> None:
    form = {**NOISE, "email": "", "jurisdiction_id": ""}
    assert filer.post("requests", {**form, "media_url": ""}).status == 200
    assert len(filer.get("requests", start_date="", service_code="", page="").body) == 1


def test_only_a_valid_key_files(city: GeoReport) -> None:
    key, secret = make_key()
    for wrong in ("", "nonsense"):
        refused = city.post("requests", {**NOISE, "api_key": wrong})
        assert refused.status == 403
        assert refused.errors
    assert city.get("requests", api_key="nonsense").status == 403
    in_query = f"/open311/v2/requests.json?api_key={secret}&jurisdiction_id=nyc.gov"
    body = "service_code=noise-residential&lat=40.75&long=-73.85"
    for address, headers in (
        (in_query, {}),
        ("/open311/v2/requests.json", {"Authorization": f"Bearer {secret}"}),
    ):
        response = Client().post(address, body, content_type=FORM, headers=headers)
        assert response.status_code == 200, response.content
    key.revoke(timezone.now())
    assert city.post("requests", {**NOISE, "api_key": secret}).status == 403
    assert Complaint.objects.count() == 2


def test_a_picture_in_a_form_with_files_is_refused_clearly(filer: GeoReport) -> None:
    form = {**NOISE, "api_key": filer.key}
    picture = BytesIO(b"picture")
    picture.name = "a.jpg"
    response = Client().post("/open311/v2/requests.json", {**form, "media": picture})
    assert response.status_code == 400
    assert "media_url" in response.json()[0]["description"]
    assert not Complaint.objects.exists()
    assert Client().post("/open311/v2/requests.json", form).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("get", "nothing.json", 404),
        ("get", "nothing", 404),
        ("get", "services.yaml", 400),
        ("get", "services.json.gz", 404),
        ("get", "services.", 400),
        ("get", "services/nothing-such.json", 404),
        ("get", "requests/0123.xml", 404),
        ("get", "requests/%00.xml", 404),
        ("get", "tokens/0123.json", 404),
        ("get", "requests.json?service_code=nothing-such", 404),
        ("get", "requests.xml?jurisdiction_id=nowhere", 404),
        ("get", "requests.json?status=lost", 400),
        ("get", "requests.json?page=0", 400),
        ("get", "requests.json?page=1x", 400),
        ("get", "requests.json?page_size=1001", 400),
        ("get", "requests.json?page=99999999999999999999999", 400),
        ("get", "requests.json?start_date=yesterday", 400),
        ("get", "requests.json?start_date=2019-01-01T00:00:00Zjunk", 400),
        ("get", "requests.json?start_date=2019-01-01&end_date=2019-06-01", 400),
        ("get", "requests.json?updated_before=9999-12-31T23:59:59Z", 200),
        ("get", "requests.json?end_date=0001-01-01T12:00:00Z", 200),
        ("get", "requests.json?start_date=%00", 400),
        ("get", "requests.json?q=%ff", 400),
        ("get", "requests.json?lat=40.75", 400),
        ("get", "requests.json?radius=5", 400),
        ("get", "requests.json?lat=40.75&long=-73.85&radius=-1", 400),
        ("get", "requests.json?lat_ne=40.75", 400),
        ("get", "requests.json?extensions=perhaps", 400),
        ("get", "requests.json?agency_responsible=nobody", 400),
        ("delete", "requests.json", 405),
        ("put", "services.xml", 405),
        ("post", "services.json", 405),
        ("post", "requests.csv", 400),
    ],
)
def test_every_error_has_the_form_of_the_specification(
    city: GeoReport, method: str, path: str, status: int
) -> None:
    response = getattr(city.http, method)(f"/open311/v2/{path}")
    is_json = path.partition("?")[0].endswith((".json", ".csv"))
    assert response.status_code == status, response.content
    assert response["Content-Type"] == CONTENT_TYPES["json" if is_json else "xml"]
    if status == 405:
        assert response["Allow"]
    if status != 200 and is_json:
        (error,) = response.json()
        assert error["code"] == status
        assert error["description"]
    if not is_json:
        assert f"<errors><error><code>{status}</code><description>" in response.content.decode()


def test_another_content_type_and_a_failure_have_it_too(
    filer: GeoReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"/open311/v2/requests.{filer.suffix}"
    response = filer.http.post(address, "{}", content_type="application/json")
    assert response.status_code == 415
    assert response["Content-Type"] == CONTENT_TYPES[filer.suffix]
    chunk = b"service_code=a%ff"
    bad = filer.http.post(address, chunk, content_type=FORM)
    assert (bad.status_code, bad["Content-Type"]) == (400, CONTENT_TYPES[filer.suffix])
    monkeypatch.setattr("complaints.open311.views.requests_of", None)
    failed = filer.get("requests")
    assert (failed.status, "request id" in failed.errors) == (500, True)


def test_a_jurisdiction_may_have_to_be_named(city: GeoReport, settings: Any) -> None:
    settings.OPEN311_NEEDS_JURISDICTION = True
    assert city.get("services").status == 400
    assert city.get("services", jurisdiction_id="nyc.gov").status == 200


def test_another_city_is_served_by_its_jurisdiction(city: GeoReport) -> None:
    other = make_city("boston")
    there = recent(complaint_type=make_type("rodent", city=other, agency=make_agency(city=other)))
    recent()
    assert ids(city.get("requests", jurisdiction_id="boston.gov").body) == [there.public_id]
    assert city.get(f"requests/{there.public_id}").status == 404
    (service,) = city.get("services", jurisdiction_id="boston.gov").body
    assert service["service_code"] == "rodent"


def test_pages_of_other_sites_may_read(city: GeoReport) -> None:
    response = city.http.get("/open311/v2/services.json", headers={"Origin": "https://a.example"})
    assert response["Access-Control-Allow-Origin"] == "*"
