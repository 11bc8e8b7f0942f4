"""Personal data that came in through any door comes out through none.

One person, unmistakable, files at every door; then every route that the public can reach is
visited, and neither an answer nor a line of the log may have anything of that person.
"""

import csv
import gzip
import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import override_settings
from django.urls import path

from complaints.models import City, Complaint, Import, IntakeReceipt, Reporter
from complaints.tests.csv_files import ROW
from predictions.tests.small_model import activate_small_model
from smart311.accounts.tests.people import make_key
from smart311.logs import DiscreetFormatter
from smart311.tests.crawling import Crawl, Route, all_routes
from smart311.urls import urlpatterns as real_urls

pytestmark = pytest.mark.django_db(transaction=True)

REPORTER = {
    "name": "Quillfeather Nightshade",
    "email": "quillfeather@canary-person.example",
    "phone": "+1 646 555 0187",
}
DESCRIPTION = (
    "Zebrafinch drums. Call 917-555-0164 or write to zebra@canary-text.example, "
    "https://canary-link.example/?token=t0psecret, Apt 77Q"
)
MEDIA_URL = "https://canary-media.example/picture.jpg"
KEY = "canary-key-of-client"
API_KEY = "canary0api0key0canary0api0key0canary"
REQUEST = {
    "complaint_type": "noise-residential",
    "latitude": 40.75,
    "longitude": -73.85,
    "description": DESCRIPTION,
    "address": "12 MAIN STREET, Apt 78Q, call 917-555-0165",
    "descriptor": "Loud, ask zebra@canary-descriptor.example",
    "media_url": MEDIA_URL,
    "reporter": REPORTER,
}
OPEN311 = {
    "service_code": "noise-residential",
    "lat": "40.75",
    "long": "-73.85",
    "description": DESCRIPTION,
    "address_string": REQUEST["address"],
    "media_url": MEDIA_URL,
    "first_name": "Quillfeather",
    "last_name": "Nightshade",
    "email": REPORTER["email"],
    "phone": REPORTER["phone"],
    "device_id": "canary-device",
    "account_id": "canary-account",
    "attribute[note]": "canary-answer",
}
INPUT = {
    "complaint_type": "Noise - Residential",
    "lat": 40.75,
    "lon": -73.85,
    "description": DESCRIPTION,
}
ALWAYS_SECRET = [
    "quillfeather", "nightshade", "canary-", "canary0", "555 0187", "5550187", "555-0164",
    "555-0165", "t0psecret", "77Q", "78Q",
]  # fmt: skip
SECRET_WHILE_PRIVATE = ["zebrafinch"]
PUBLIC = ["12 MAIN STREET", "noise-residential", "Publicremark"]
"""Found, or the crawl has looked at nothing."""

LONG_AGO, FAR_AHEAD = "2019-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
FILING_DOORS = {
    *("/api/v1/complaints/", "/api/v1/complaints/bulk/", "/input/"),
    *("/open311/v2/requests.{suffix}/", "/open311/v2/servicerequestupdates.{suffix}/"),
}
NOT_CRAWLED = {"admin/": "staff only; its permissions have tests of their own"}
FOR_STAFF = {"api/v1/imports/{number}/rejects.csv", "api/v1/complaints/{id}/comments"}
"""Refused to the crawler: rejected rows are as the source wrote them, remarks as staff did."""
PERSONAL_FIELDS = {"reporter", "description", "email", "phone"}
"""What takes one of these, by POST, is a door."""
PATH_VALUES = {
    "complaint_type": ["noise-residential"],
    "code": ["noise-residential", "NYPD", "queens-07"],
    "slug": ["nyc"],
    "version": ["small-1"],
    "kind": ["residential"],
    "suffix": ["json", "xml", "rss", "geojson", "csv"],
}
"""Values for the parameters of paths; a new parameter needs one here. `id` is every complaint,
`number` every import."""
QUERY_VALUES = {
    "complaint_type": ["noise-residential"],
    "agency": ["NYPD"],
    "district": ["queens"],
    "status": ["open", "closed"],
    "channel": ["phone"],
    "created_after": [LONG_AGO],
    "closed_after": [LONG_AGO],
    "updated_since": [LONG_AGO],
    "created_date": [LONG_AGO],
    "created_before": [FAR_AHEAD],
    "closed_before": [FAR_AHEAD],
    "bbox": ["-74.28,40.47,-73.68,40.94"],
    "near": ["40.75,-73.85"],
    "radius": ["500"],
    "cell": ["842a107ffffffff"],
    "q": ["drums", "main street", "loud"],
    "predicted_late": ["true", "false"],
    "ordering": ["-created_at", "updated_at", "-closed_at"],
    "page_size": ["1", "2"],
    "cursor": ["x"],
    "latitude": ["40.75"],
    "why": ["true"],
    "longitude": ["-73.85"],
    "hour": ["12"],
    "group_by": ["complaint_type", "channel", "cell,day"],
    "figures": ["hours,survival,on_time"],
    "minimum": ["1"],
    "cell_resolution": ["9"],
    "areas": ["district:queens,city"],
    "service_request_id": ["0" * 20],
    "service_code": ["noise-residential"],
    "start_date": [LONG_AGO],
    "end_date": [FAR_AHEAD],
    "updated_after": [LONG_AGO],
    "updated_before": [FAR_AHEAD],
    "agency_responsible": ["NYPD"],
    "lat": ["40.75"],
    "long": ["-73.85"],
    "lat_ne": ["40.94"],
    "long_ne": ["-73.68"],
    "lat_sw": ["40.47"],
    "long_sw": ["-74.28"],
    "extensions": ["true"],
    "just_count": ["true"],
    "page": ["1"],
    "jurisdiction_id": ["nyc.gov"],
}
"""Values for the query parameters of the schema; a new parameter needs one here."""


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, at DEBUG, in the form in which it is written."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(DiscreetFormatter("%(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(before)
    root.removeHandler(handler)


@pytest.fixture
def filed(log: io.StringIO, tmp_path: Path) -> None:
    """One complaint or more through every door, and what staff then do with one."""
    folder = Path(settings.BASE_DIR) / "fixtures" / "nyc"
    call_command("load_city", folder, stdout=io.StringIO())
    activate_small_model()
    client = Client()
    for address, body in (
        ("/api/v1/complaints/", REQUEST),
        ("/api/v1/complaints/bulk/", [REQUEST, REQUEST]),
        ("/input/", INPUT),
    ):
        for _ in range(2):
            response = client.post(
                address, body, content_type="application/json", HTTP_IDEMPOTENCY_KEY=KEY
            )
            assert response.status_code == 201, response.content
    file_by_open311(client)
    be_refused(client)
    import_one(tmp_path)
    work_on(Complaint.objects.earliest("pk"))
    assert Complaint.objects.count() == 6
    assert Reporter.objects.count() == 4
    assert IntakeReceipt.objects.count() == 4


def file_by_open311(client: Client) -> None:
    """The same once more as GeoReport does it, with a key in the form."""
    form = {**OPEN311, "api_key": make_key()[1]}
    for _ in range(2):
        response = client.post("/open311/v2/requests.xml", form, HTTP_IDEMPOTENCY_KEY=KEY)
        assert response.status_code == 200, response.content
    for wrong in ({"lat": "91"}, {"email": REPORTER["phone"]}, {"service_code": REPORTER["email"]}):
        refused = client.post("/open311/v2/requests.json", {**form, **wrong})
        assert refused.status_code in {400, 404}
    client.get("/open311/v2/requests.json", {"api_key": API_KEY})
    update = {
        "api_key": form["api_key"],
        "service_request_id": Complaint.objects.latest("pk").public_id,
        "description": f"Told {REPORTER['name']}: {DESCRIPTION}",
    }
    assert client.post("/open311/v2/servicerequestupdates.json", update).status_code == 200


def be_refused(client: Client) -> None:
    """Requests that are errors, with the same data: the log must not have them either."""
    wrong: list[Any] = [
        {**REQUEST, "latitude": 91},
        {**REQUEST, "reporter": {**REPORTER, "email": REPORTER["phone"]}},
        {**REQUEST, "complaint_type": REPORTER["email"]},
        {**REQUEST, REPORTER["name"]: 1},
        [REQUEST],
        json.dumps(REQUEST)[:-5],
    ]
    for body in wrong:
        response = client.post("/api/v1/complaints/", body, content_type="application/json")
        assert response.status_code == 400
    response = client.post(
        "/api/v1/complaints/",
        {**REQUEST, "zip": "10001"},
        content_type="application/json",
        HTTP_IDEMPOTENCY_KEY=KEY,
    )
    assert response.status_code == 422
    client.get("/api/v1/complaints/", HTTP_AUTHORIZATION=f"Token {API_KEY}")


def import_one(folder: Path) -> None:
    """Open data with columns that nobody should have put there, and a row that is rejected."""
    extra = {**REPORTER, "description": DESCRIPTION, "media_url": MEDIA_URL}
    rows = [{**ROW, **extra}, {**ROW, **extra, "unique_key": "2", "created_date": "never"}]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    (folder / "a.csv.gz").write_bytes(gzip.compress(text.getvalue().encode()))
    out = io.StringIO()
    rejects = folder / "rejects.csv"
    call_command("import_complaints", folder / "a.csv.gz", rejects=rejects, stdout=out, stderr=out)
    assert "1  rejected" in out.getvalue()
    assert not [marker for marker in ALWAYS_SECRET if marker in out.getvalue()]


def work_on(complaint: Complaint) -> None:
    """What staff do, with a remark for the public and one about the person."""
    staff = Client()
    staff.force_login(User.objects.create_superuser("admin"))
    for step, body in (
        ("comment", {"text": f"Called {REPORTER['name']}: {DESCRIPTION}"}),
        ("comment", {"text": "Publicremark", "is_public": True}),
        ("close", {"resolution": "Spoke to the neighbours."}),
        ("reopen", {}),
        ("assign", {"agency": "DEP"}),
    ):
        address = f"/api/v1/complaints/{complaint.public_id}/{step}/"
        response = staff.post(address, body, content_type="application/json")
        assert response.status_code < 300, response.content


def crawl(routes: list[Route]) -> Crawl:
    ids = list(Complaint.objects.values_list("public_id", flat=True))
    numbers = [str(number) for number in Import.objects.values_list("pk", flat=True)]
    path_values = {**PATH_VALUES, "id": ids, "request_id": ids, "token": ids, "number": numbers}
    found = Crawl(Client(raise_request_exception=False), path_values, QUERY_VALUES)
    found.run(routes)
    return found


@pytest.mark.parametrize("policy", City.DescriptionPolicy.values)
def test_nothing_personal_comes_out(filed: None, log: io.StringIO, policy: str) -> None:
    call_command("redact_descriptions", "--policy", policy, stdout=io.StringIO())
    found = crawl(all_routes(NOT_CRAWLED))
    secret = ALWAYS_SECRET + (SECRET_WHILE_PRIVATE if policy == "private" else [])
    assert found.leaks(secret) == []
    logged = log.getvalue() + "\n".join(found.lines)
    assert [marker for marker in secret if marker.lower() in logged.lower()] == []
    shown = PUBLIC if policy == "private" else [*PUBLIC, *SECRET_WHILE_PRIVATE]
    assert {marker for _, marker in found.leaks(shown)} == set(shown)
    assert "Bad Request" in log.getvalue()
    assert_every_route_was_reached(found)


def assert_every_route_was_reached(found: Crawl) -> None:
    routes = all_routes(NOT_CRAWLED)
    assert len(routes) >= 35
    assert {route.name for route in routes} == set(found.statuses)
    paths = found.client.get("/openapi.json").json()["paths"]
    unread = {path.strip("/") for path, operations in paths.items() if "get" not in operations}
    unanswered = {
        route.gapped
        for route in routes
        if 200 not in found.statuses[route.name] and route.gapped not in unread
    } - FOR_STAFF
    assert not unanswered, "give PATH_VALUES that exist"
    assert not {status for statuses in found.statuses.values() for status in statuses} & {500}


def test_a_person_files_at_every_door(client: Client) -> None:
    schema = client.get("/openapi.json").json()
    doors = {
        path
        for path, operations in schema["paths"].items()
        if fields_of(operations.get("post", {}).get("requestBody"), schema) & PERSONAL_FIELDS
    }
    assert doors == FILING_DOORS, "a new door: let somebody file there, in `filed`"


def fields_of(part: Any, schema: Any) -> set[str]:
    """The names of all properties in a part of the schema."""
    if isinstance(part, list):
        return set().union(*(fields_of(each, schema) for each in part))
    if not isinstance(part, dict):
        return set()
    if "$ref" in part:
        return fields_of(schema["components"]["schemas"][part["$ref"].split("/")[-1]], schema)
    return set(part.get("properties", ())) | fields_of(list(part.values()), schema)


def test_a_search_finds_nobody(filed: None) -> None:
    for words in ("zebrafinch", "nightshade", "0164", "canary-text.example", "77Q"):
        assert Client().get("/api/v1/complaints/", {"q": words}).json()["results"] == []


def leak(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(list(Reporter.objects.values("name"))))


urlpatterns = [*real_urls[:-1], path("api/v1/leak", leak), real_urls[-1]]


@override_settings(ROOT_URLCONF=__name__)
def test_a_view_that_leaks_is_found_without_anybody_naming_it(filed: None) -> None:
    new = [route for route in all_routes(NOT_CRAWLED) if route.name == "api/v1/leak"]
    found = crawl(new)
    assert ("/api/v1/leak", "nightshade") in found.leaks(["nightshade"])
    with pytest.raises(AssertionError):
        assert_every_route_was_reached(found)


def test_a_line_of_the_log_that_leaks_is_found(log: io.StringIO) -> None:
    logging.getLogger("complaints.intake").debug("filed by %s", REPORTER["name"])
    assert "Nightshade" in log.getvalue()
