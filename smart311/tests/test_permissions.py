"""The permission table of docs/api.md, walked: each route, each role, own and other objects."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.test import Client
from django.utils import timezone

from complaints.models import Complaint, Import, Reporter
from complaints.tests.factories import (
    make_agency,
    make_complaint,
    make_district,
    make_type,
)
from predictions import registry
from predictions.tests.small_model import activate_small_model, copy_of
from smart311.accounts.tests.people import make_key, make_user, with_key
from smart311.tests.routes import all_routes

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "api.md"
ROW = re.compile(r"^\| `(?P<method>[A-Z]+) (?P<path>/[^`]*)` \|(?P<cells>.*)\|$", re.MULTILINE)
COLUMNS = (
    "Anonymous",
    "Key, others'",
    "Key, its own",
    "Agent, other agency",
    "Agent, own agency",
    "Manager",
    "Admin",
)
GOOD = {"complaint_type": "noise-residential", "latitude": 40.75, "longitude": -73.85}
BODIES: dict[str, Any] = {
    "POST /input": {"complaint_type": "noise-residential", "lat": 40.75, "lon": -73.85},
    "POST /api/v1/complaints": GOOD,
    "POST /api/v1/complaints/bulk": [GOOD],
    "POST /api/v1/predictions": [GOOD],
    "POST /api/v1/imports": {"portal": "data.cityofnewyork.us/erm2-nwe9"},
    "PATCH /api/v1/complaints/<id>": {"zip": "11354"},
    "POST /api/v1/complaints/<id>/assign": {"agency": "DEP"},
    "POST /api/v1/complaints/<id>/comment": {"text": "Crew sent."},
    "POST /api/v1/models/<version>/activate": {"reason": "tried"},
    "POST /api/v1/models/<version>/rollback": {"reason": "tried"},
}
FORMS = {
    "POST /open311/v2/requests.<suffix>": {
        "service_code": "noise-residential",
        "lat": "40.75",
        "long": "-73.85",
    },
    "POST /open311/v2/servicerequestupdates.<suffix>": {"description": "Still there."},
}
CODES = {
    "services": "noise-residential",
    "complaint-types": "noise-residential",
    "agencies": "NYPD",
    "districts": "queens-07",
}


def section(name: str) -> str:
    """A section of the document, without its heading."""
    found = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", DOCUMENT.read_text(), re.M | re.S)
    assert found, f"docs/api.md has no section {name}"
    return found[1]


def table() -> dict[str, list[str]]:
    """Cells by route."""
    rows = ROW.finditer(section("Permissions"))
    found = [
        (f"{row['method']} {row['path']}", [cell.strip() for cell in row["cells"].split("|")])
        for row in rows
    ]
    assert len(dict(found)) == len(found), "a route stands there twice"
    return dict(found)


def test_the_table_names_every_route_and_no_other() -> None:
    assert set(table()) == {f"{method} {path}" for method, path, _ in all_routes()}


def test_the_table_has_a_column_for_each_who() -> None:
    header = next(line for line in section("Permissions").splitlines() if line.startswith("|"))
    assert tuple(cell.strip() for cell in header.strip("|").split("|")[1:]) == COLUMNS
    assert {len(cells) for cells in table().values()} == {len(COLUMNS)}


@dataclass
class World:
    """A city with one complaint of NYPD, filed by the account `filer`."""

    filer: User = field(default_factory=lambda: make_user("filer"))

    def __post_init__(self) -> None:
        make_type()
        make_agency("DEP")
        make_complaint(closed_after_hours=1, district=make_district())
        self.original = make_complaint(created_at=timezone.now() - timedelta(hours=3))
        self.complaint = make_complaint(
            created_at=timezone.now() - timedelta(hours=2),
            description="Drums.",
            filed_by=self.filer,
        )
        Reporter.objects.create(complaint=self.complaint, name="Jane")
        self.run = Import.objects.create(origin="file", name="a.csv")

    def client(self, who: str) -> Client:
        """A client of one of COLUMNS."""
        if who == "Anonymous":
            return Client()
        if who.startswith("Key"):
            return with_key(make_key(self.filer if who == "Key, its own" else None)[1])
        role, _, agency = who.lower().partition(", ")
        user = make_user("staff", role)
        if agency:
            make_agency("NYPD" if agency == "own agency" else "DEP").staff.add(user)
        client = Client()
        client.force_login(user)
        return client

    def prepare(self, route: str) -> None:
        """What a route needs besides, so that only permissions could be in its way."""
        if route.endswith("/reopen"):
            self.complaint.close(timezone.now())
        if route.endswith("/unmark-duplicate"):
            self.complaint.link_to(self.original)
        if "models" in route or "predict" in route or route in NEEDS_MODEL:
            serving = activate_small_model()
            other = copy_of(serving, "small-2", status="candidate")
            if route.endswith("/rollback"):
                registry.activate(other, "nobody", "tried")

    def address(self, route: str) -> str:
        """A path whose parameters are rows of this world."""
        path = route.split()[1]
        code = next((code for part, code in CODES.items() if part in path), "")
        for name, value in {
            "<id>": self.complaint.public_id,
            "<code>": code,
            "<number>": str(self.run.pk),
            "<slug>": "nyc",
            "<version>": "small-2",
            "<complaint_type>": "noise-residential",
            "<kind>": "residential",
            "<suffix>": "json",
            "<request_id>": self.complaint.public_id,
            "<token>": self.complaint.public_id,
        }.items():
            path = path.replace(name, value)
        return f"{path}?hour=3" if route == "GET /complaints/<complaint_type>" else path

    def body(self, route: str) -> tuple[Any, str]:
        """What is sent, and its content type."""
        if route in FORMS:
            form = {**FORMS[route], "service_request_id": self.complaint.public_id}
            return urlencode(form), "application/x-www-form-urlencoded"
        if route.endswith("/mark-duplicate"):
            return {"duplicate_of": self.original.public_id}, "application/json"
        return BODIES.get(route, {}), "application/json"


NEEDS_MODEL = ("GET /readyz", "GET /api/v1/complaints/<id>/forecast")


@contextmanager
def undone() -> Iterator[None]:
    """What happens here has not happened."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def answer(route: str, who: str) -> str:
    """What the server says, as the table says it."""
    with undone():
        world = World()
        world.prepare(route)
        client, method = world.client(who), route.split()[0].lower()
        send = getattr(client, method)
        address = world.address(route)
        response = send(address) if method == "get" else send(address, *world.body(route))
        if response.streaming:
            # Read to its end: an export holds a connection of its own until then.
            response.getvalue()
        if route != "GET /api/v1/complaints/<id>":
            return str(response.status_code)
        body = response.json()
        how = "with reporter" if body.get("reporter") else "as filed"
        return f"{response.status_code} {how}" if body["description"] else str(response.status_code)


@pytest.mark.django_db
@pytest.mark.parametrize("route", table())
def test_each_route_answers_each_role_as_the_table_says(route: str) -> None:
    said = dict(zip(COLUMNS, table()[route], strict=True))
    assert {who: answer(route, who) for who in COLUMNS} == said


@pytest.mark.django_db
def test_without_the_rule_of_agencies_the_table_would_be_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("complaints.access.is_confined", lambda user: False)
    route, who = "POST /api/v1/complaints/<id>/close", "Agent, other agency"
    assert answer(route, who) == "200"
    assert table()[route][COLUMNS.index(who)] == "403"


@pytest.mark.django_db
def test_what_is_undone_leaves_nothing() -> None:
    answer("POST /api/v1/complaints", "Key, its own")
    assert not Complaint.objects.exists()
    assert not User.objects.exists()
