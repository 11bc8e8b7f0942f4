"""Whatever is sent, the answer says exactly what was wrong, and nothing is stored."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from complaints.models import Complaint, ComplaintEvent, IntakeReceipt, Reporter
from complaints.tests.factories import make_complaint, make_type
from complaints.tests.forecasters import FixedForecaster
from complaints.tests.malformed.bodies import BODIES, BULKS, CLASSIC_FIELDS, FIELDS
from complaints.tests.malformed.requests import HEADERS, METHODS, PATHS, QUERIES, STEPS
from complaints.tests.malformed.rows import Row
from predictions.tests.small_model import activate_small_model

pytestmark = pytest.mark.django_db

ROWS = [
    *BODIES, *FIELDS, *CLASSIC_FIELDS, *BULKS, *HEADERS, *METHODS, *PATHS, *QUERIES, *STEPS
]  # fmt: skip


@pytest.fixture
def complaint(monkeypatch: pytest.MonkeyPatch) -> Complaint:
    """An open complaint, in a city that takes more of them."""
    monkeypatch.setattr("complaints.intake.get_forecaster", FixedForecaster)
    make_type(code="retired", is_active=False)
    kind = make_type(name="Noise - Residential")
    activate_small_model()
    return make_complaint(complaint_type=kind)


def stored() -> list[Any]:
    """All that filing and working write, and when it changed."""
    tables = (Complaint, ComplaintEvent, Reporter, IntakeReceipt)
    counts = [table.objects.count() for table in tables]
    return [*counts, *Complaint.objects.values_list("updated_at", "status", "duplicate_of")]


def send(row: Row, complaint: Complaint, slash: str) -> Any:
    client = Client(raise_request_exception=False)
    if row.is_staff:
        client.force_login(User.objects.create_superuser("manager"))
    path, mark, query = row.path.replace("{id}", complaint.public_id).partition("?")
    path = f"{path.rstrip('/')}{slash}{mark}{query}"
    return client.generic(row.method, path, row.body, row.content_type, headers=row.headers)


def test_there_are_enough_rows() -> None:
    names = sorted(row.name for row in ROWS)
    assert [name for name in names if names.count(name) > 1] == []
    assert len(names) >= 300


@pytest.mark.parametrize("slash", ["", "/"], ids=["", "slash"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_it_is_refused_with_the_reason(row: Row, slash: str, complaint: Complaint) -> None:
    before = stored()
    response = send(row, complaint, slash)
    assert response.status_code == row.status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == row.status
    assert body["detail"]
    assert [(error["pointer"], error["code"]) for error in body["errors"]] == list(row.errors)
    assert stored() == before
