"""Who sees what is private of a complaint."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from complaints.models import Complaint, Reporter
from complaints.tests.factories import make_agency, make_complaint, make_type
from smart311.accounts.tests.people import make_key, make_user, with_key

pytestmark = pytest.mark.django_db

PERSON = {"name": "Marker Person", "email": "marker@example.org", "phone": "555-0100"}
FILED = {
    "complaint_type": "noise-residential",
    "latitude": 40.75,
    "longitude": -73.85,
    "description": "Marker drums.",
    "address": "1 Main St, call 212-555-0100",
    "media_url": "https://example.org/marker.jpg",
    "reporter": PERSON,
}


@pytest.fixture(autouse=True)
def _kind(db: None) -> None:
    make_type()


def file(client: Client, path: str = "/api/v1/complaints/") -> Any:
    body: Any = [FILED] if "bulk" in path else FILED
    response = client.post(path, body, content_type="application/json")
    assert response.status_code == 201, response.content
    return response


def read(client: Client) -> Any:
    return client.get(f"/api/v1/complaints/{Complaint.objects.get().public_id}/")


@pytest.mark.parametrize("path", ["/api/v1/complaints/", "/api/v1/complaints/bulk/"])
def test_who_filed_it_with_a_key_reads_it_back(path: str) -> None:
    _, secret = make_key()
    file(with_key(secret), path)
    response = read(with_key(secret))
    assert response.json()["reporter"] == PERSON
    assert response.json()["description"] == FILED["description"]
    assert response.json()["media_url"] == FILED["media_url"]
    assert response.json()["address"] == FILED["address"]
    assert response["Cache-Control"] == "private"
    assert "Authorization" in response["Vary"]


def test_a_new_key_of_the_same_owner_reads_it_back_too() -> None:
    user = make_user()
    file(with_key(make_key(user)[1]))
    assert read(with_key(make_key(user)[1])).json()["reporter"] == PERSON


def test_a_classic_complaint_belongs_to_its_key() -> None:
    _, secret = make_key()
    body = {"complaint_type": "noise-residential", "lat": 40.75, "lon": -73.85}
    with_key(secret).post("/input/", body, content_type="application/json")
    assert Complaint.objects.get().filed_by == User.objects.get()
    assert read(with_key(secret)).json()["reporter"] is None


@pytest.mark.parametrize("filer", ["another key", "nobody"])
@pytest.mark.parametrize("reader", ["key", "nobody"])
def test_others_see_the_public_part_only(filer: str, reader: str) -> None:
    file(with_key(make_key(make_user("other"))[1]) if filer == "another key" else Client())
    response = read(with_key(make_key()[1]) if reader == "key" else Client())
    assert response.status_code == 200
    assert "Marker" not in response.content.decode()
    assert "marker" not in response.content.decode()
    assert "0100" not in response.content.decode()
    assert "reporter" not in response.json()


@pytest.mark.parametrize(
    ("role", "of_the_agency", "seen"),
    [
        ("agent", True, {"description", "media_url"}),
        ("agent", False, set()),
        ("manager", False, {"description", "media_url", "reporter"}),
        ("admin", False, {"description", "media_url", "reporter"}),
    ],
)
def test_staff_see_what_their_role_and_agency_allow(
    role: str, of_the_agency: bool, seen: set[str]
) -> None:
    user = make_user("staff", role)
    if of_the_agency:
        make_agency().staff.add(user)
    file(Client())
    client = Client()
    client.force_login(user)
    body = read(client).json()
    shown = {name for name in ("description", "media_url", "reporter") if body.get(name)}
    assert shown == seen


def test_a_complaint_without_a_reporter_says_so() -> None:
    user = make_user()
    complaint = make_complaint(filed_by=user)
    assert read(with_key(make_key(user)[1])).json()["reporter"] is None
    assert not Reporter.objects.filter(complaint=complaint).exists()


def test_deleting_an_account_keeps_its_complaints() -> None:
    user = make_user()
    complaint = make_complaint(filed_by=user)
    user.delete()
    complaint.refresh_from_db()
    assert complaint.filed_by is None


def test_each_receipt_belongs_to_the_account_that_chose_its_key() -> None:
    user = make_user()
    first, again, other = make_key(user)[1], make_key(user)[1], make_key(make_user("other"))[1]
    for secret, replayed in ((first, None), (again, "true"), (other, None)):
        response = file(with_key(secret, **{"Idempotency-Key": "the-same-1"}))
        assert response.get("Idempotency-Replayed") == replayed
    assert Complaint.objects.count() == 2
