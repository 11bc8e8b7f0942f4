"""Keys and accounts in the admin."""

import csv
import io
import re
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, User
from django.contrib.messages import get_messages
from django.contrib.sessions.models import Session
from django.test import Client

from complaints.models import Reporter
from complaints.tests.factories import make_agency, make_complaint
from smart311.accounts.models import ApiKey
from smart311.accounts.roles import ROLES, make_roles
from smart311.accounts.tests.people import make_key, make_user, with_key

pytestmark = pytest.mark.django_db

KEYS = "/admin/accounts/apikey/"


def signed_in(role: str, name: str = "ada", **fields: Any) -> Client:
    client = Client()
    client.force_login(make_user(name, role, **fields))
    return client


@pytest.fixture
def admin() -> Client:
    return signed_in("admin")


def test_a_key_is_shown_once_and_works(admin: Client) -> None:
    owner = make_user("crm")
    response = admin.post(f"{KEYS}add/", {"name": "sync", "user": owner.pk, "days": 30})
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    secret = re.findall(r"s311_[0-9a-f]{64}", response.content.decode())[0]
    assert with_key(secret).get("/api/v1/me/").json()["user"] == "crm"
    key = ApiKey.objects.get()
    assert (key.expiry - key.created).days in {29, 30}
    for page in (KEYS, f"{KEYS}{key.pk}/change/", "/admin/"):
        assert secret not in admin.get(page).content.decode()
    assert secret not in str(list(get_messages(response.wsgi_request)))
    assert not [row for row in Session.objects.all() if secret in str(row.get_decoded())]


@pytest.mark.parametrize("days", [0, 731, ""])
def test_a_key_ends_within_two_years(admin: Client, days: Any) -> None:
    body = {"name": "sync", "user": make_user("crm").pk, "days": days}
    assert admin.post(f"{KEYS}add/", body).context["errors"]
    assert not ApiKey.objects.exists()


def test_the_list_tells_of_each_key_and_revokes(admin: Client) -> None:
    key, secret = make_key()
    page = admin.get(KEYS).content.decode()
    for told in ("works orders", "program", "valid"):
        assert told in page
    admin.post(KEYS, {"action": "revoke", "_selected_action": [key.pk]})
    assert with_key(secret).get("/api/v1/me/").status_code == 401
    assert "revoked" in admin.get(KEYS).content.decode()


def test_nobody_deletes_or_changes_a_key(admin: Client) -> None:
    key, _ = make_key()
    assert admin.post(f"{KEYS}{key.pk}/delete/", {"post": "yes"}).status_code == 403
    assert admin.post(f"{KEYS}{key.pk}/change/", {"name": "x"}).status_code == 403
    key.refresh_from_db()
    assert key.name == "works orders"


@pytest.mark.parametrize("role", ["agent", "manager"])
@pytest.mark.parametrize("path", ["accounts/apikey/", "accounts/apikey/add/", "auth/user/"])
def test_only_admins_keep_accounts_and_keys(role: str, path: str) -> None:
    assert signed_in(role).get(f"/admin/{path}").status_code == 403


def test_an_admin_cannot_become_or_act_as_a_superuser(admin: Client) -> None:
    root = User.objects.create_superuser("root")
    body = {"name": "sync", "user": root.pk, "days": 30}
    assert admin.post(f"{KEYS}add/", body).context["errors"]
    assert not ApiKey.objects.exists()
    assert admin.get(f"/admin/auth/user/{root.pk}/change/").status_code == 302
    me = User.objects.get(username="ada")
    form = {"username": "ada", "is_active": "on", "is_staff": "on", "is_superuser": "on",
            "groups": [Group.objects.get(name="admin").pk], "date_joined_0": "2026-01-01",
            "date_joined_1": "00:00:00"}  # fmt: skip
    assert admin.post(f"/admin/auth/user/{me.pk}/change/", form).status_code == 302
    me.refresh_from_db()
    assert not me.is_superuser
    agent = Group.objects.get(name="agent")
    assert admin.post(f"/admin/auth/group/{agent.pk}/change/", {"name": "x"}).status_code == 403


def test_an_agent_sees_the_complaints_of_its_agencies_only() -> None:
    client = signed_in("agent")
    make_agency().staff.add(User.objects.get(username="ada"))
    mine = make_complaint()
    other = make_complaint(agency=make_agency("DEP"))
    page = client.get("/admin/complaints/complaint/").content.decode()
    assert mine.public_id in page
    assert other.public_id not in page
    assert client.get(f"/admin/complaints/complaint/{mine.pk}/change/").status_code == 200
    assert client.get(f"/admin/complaints/complaint/{other.pk}/change/").status_code == 302


@pytest.mark.parametrize(("role", "sees"), [("agent", False), ("manager", True)])
def test_reporters_are_for_managers(role: str, sees: bool) -> None:
    client = signed_in(role)
    make_agency().staff.add(User.objects.get(username="ada"))
    complaint = make_complaint()
    Reporter.objects.create(complaint=complaint, name="Marker Person")
    page = client.post(f"/admin/complaints/complaint/{complaint.pk}/reporter/").content.decode()
    assert ("Marker Person" in page) is sees


@pytest.mark.parametrize("role", ["agent", "manager", "admin"])
def test_each_role_opens_its_admin(role: str) -> None:
    assert signed_in(role).get("/admin/").status_code == 200


def test_roles_are_what_the_program_says_after_each_migration() -> None:
    group = Group.objects.get(name="agent")
    own = Group.objects.create(name="night shift")
    wanted = {name for names in ROLES["agent"].values() for name in names}
    assert set(group.permissions.values_list("codename", flat=True)) == wanted
    own.permissions.set(group.permissions.all())
    group.permissions.clear()
    make_roles()
    assert set(group.permissions.values_list("codename", flat=True)) == wanted
    assert own.permissions.count() == len(wanted)


@pytest.mark.parametrize("role", ["agent", "manager", "admin"])
def test_each_role_has_every_permission_it_names(role: str) -> None:
    found = Group.objects.get(name=role).permissions.values_list(
        "content_type__app_label", "codename"
    )
    assert set(found) == {(app, name) for app, names in ROLES[role].items() for name in names}


EXPORT = {"action": "export_private"}


@pytest.mark.django_db(transaction=True)
def test_a_manager_exports_private_fields_and_it_is_logged() -> None:
    client = signed_in("manager")
    complaint = make_complaint(description="=Marker drums")
    Reporter.objects.create(complaint=complaint, name="Marker Person", phone="555-0100")
    response: Any = client.post(
        "/admin/complaints/complaint/", {**EXPORT, "_selected_action": [complaint.pk]}
    )
    row = next(iter(csv.DictReader(io.StringIO(response.getvalue().decode()))))
    assert row["reporter_name"] == "Marker Person"
    assert row["description"] == "'=Marker drums"
    assert LogEntry.objects.get().change_message == "Exported with private fields: 1 rows."


def test_an_agent_does_not() -> None:
    client = signed_in("agent")
    make_agency().staff.add(User.objects.get(username="ada"))
    complaint = make_complaint(description="Marker")
    response = client.post(
        "/admin/complaints/complaint/", {**EXPORT, "_selected_action": [complaint.pk]}
    )
    assert "Content-Disposition" not in response
