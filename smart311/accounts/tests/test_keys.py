"""`Authorization: Bearer …`: who sends a key is its owner, or is refused."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from psycopg2 import sql

from complaints.models import Complaint
from complaints.tests.factories import make_complaint, make_type
from smart311.accounts.models import ApiKey
from smart311.accounts.tests.people import make_key, make_user, with_key

pytestmark = pytest.mark.django_db

ME = "/api/v1/me/"
GOOD = {"complaint_type": "noise-residential", "latitude": 40.75, "longitude": -73.85}


def expire(key: ApiKey) -> None:
    past = timezone.now() - timedelta(days=2)
    ApiKey.objects.filter(pk=key.pk).update(created=past, expiry=past + timedelta(days=1))


def assert_refused(response: Any, words: str) -> None:
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response["WWW-Authenticate"] == 'Bearer realm="Smart 311"'
    assert words in response.json()["detail"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_a_key_is_its_owner(scheme: str) -> None:
    key, secret = make_key()
    body = Client(headers={"Authorization": f"{scheme} {secret}"}).get(ME).json()
    assert body["user"] == "program"
    assert body["key"]["name"] == "works orders"
    assert body["key"]["expires_at"] == key.expiry.isoformat().replace("+00:00", "Z")
    assert body["limits_per_minute"] == {"filing": 30_000, "reading": 60_000}


@pytest.mark.parametrize("slash", ["", "/"])
def test_without_a_key_one_is_nobody(client: Client, slash: str) -> None:
    response = client.get(f"/api/v1/me{slash}")
    assert response.json() == {
        "user": None,
        "roles": [],
        "agencies": [],
        "key": None,
        "limits_per_minute": {"filing": 1200, "reading": 12_000},
    }
    assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("", "expected Bearer"),
        ("Bearer", "not known"),
        ("Bearer ", "not known"),
        ("Bearer s311_", "not known"),
        ("Bearer s311_" + "0" * 64, "not known"),
        ("Bearer s311_" + "g" * 64, "not known"),
        ("Bearer s311_" + "0" * 64 + " x", "not known"),
        ("Bearer " + "x" * 5000, "not known"),
        ("Bearer \x00", "not known"),
        ("Bearer \xff\xfe", "not known"),
        ("Token s311_" + "0" * 64, "expected Bearer"),
        ("Basic YTpi", "expected Bearer"),
    ],
)
def test_a_key_that_is_unknown_is_refused(header: str, words: str) -> None:
    assert_refused(Client(headers={"Authorization": header}).get(ME), words)


def test_an_expired_key_is_refused_and_says_so() -> None:
    key, secret = make_key()
    expire(key)
    assert_refused(with_key(secret).get(ME), "is expired")
    assert ApiKey.objects.filter(pk=key.pk).exists()


def test_a_revoked_key_is_refused_at_once_and_others_are_not() -> None:
    user = make_user()
    (key, secret), (_, other) = make_key(user), make_key(user)
    assert with_key(secret).get(ME).status_code == 200
    key.revoke(timezone.now())
    assert_refused(with_key(secret).get(ME), "is revoked")
    assert with_key(other).get(ME).status_code == 200


def test_revoking_again_keeps_the_first_time() -> None:
    key, _ = make_key()
    first = timezone.now()
    key.revoke(first)
    key.revoke(first + timedelta(hours=1))
    assert key.revoked_at == first


def test_the_key_of_an_inactive_owner_is_refused() -> None:
    key, secret = make_key()
    key.user.is_active = False
    key.user.save(update_fields=["is_active"])
    assert_refused(with_key(secret).get(ME), "not active")


@pytest.mark.parametrize("path", ["/api/v1/complaints/", "/api/v1/complaints/bulk/", "/input/"])
def test_a_bad_key_files_nothing(path: str) -> None:
    make_type()
    assert_refused(with_key("s311_" + "0" * 64).post(path, GOOD, "application/json"), "not known")
    assert not Complaint.objects.exists()


@pytest.mark.parametrize(
    "path", ["complaints/", "complaints.csv", "agencies/", "models/", "districts/"]
)
def test_a_bad_key_reads_nothing_as_nobody(path: str) -> None:
    assert_refused(with_key("s311_" + "0" * 64).get(f"/api/v1/{path}"), "not known")


def tables_with(text: str) -> list[str]:
    """Tables of the database in which a row holds the text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            query = sql.SQL("SELECT count(*) FROM {} t WHERE t::text LIKE %s")
            cursor.execute(query.format(sql.Identifier(table)), [f"%{text}%"])
            if cursor.fetchone() != (0,):
                found.append(table)
    return found


def test_the_key_itself_is_stored_nowhere() -> None:
    _, secret = make_key()
    make_type()
    with_key(secret).post("/api/v1/complaints/", GOOD, "application/json")
    assert tables_with(secret) == []
    # The same search finds what is stored of it besides the hash: the start it is known by.
    assert tables_with(secret[:15]) == ["accounts_apikey"]
    assert len(secret) - 15 == 54


def test_the_last_use_is_noted_once_an_hour(django_assert_num_queries: Any) -> None:
    key, secret = make_key()
    complaint = make_complaint()
    path = f"/api/v1/complaints/{complaint.public_id}/"
    with_key(secret).get(path)
    key.refresh_from_db()
    assert key.last_used_at is not None
    used = key.last_used_at
    # The key; the complaint; and what its owner may do: of itself, of its groups.
    with django_assert_num_queries(4):
        with_key(secret).get(path)
    key.refresh_from_db()
    assert key.last_used_at == used
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=used - timedelta(hours=2))
    with_key(secret).get(path)
    key.refresh_from_db()
    assert key.last_used_at > used


def test_a_session_is_not_asked_where_a_key_is_sent(client: Client) -> None:
    client.force_login(make_user("someone"))
    _, secret = make_key()
    found = client.get(ME, headers={"Authorization": f"Bearer {secret}"}).json()
    assert found["user"] == "program"


def test_a_session_needs_a_csrf_token_and_a_key_does_not() -> None:
    make_type()
    user = make_user()
    _, secret = make_key(user)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    refused = browser.post("/api/v1/complaints/", GOOD, "application/json")
    assert refused.status_code == 403
    assert "CSRF" in refused.json()["detail"]
    program = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {secret}"})
    assert program.post("/api/v1/complaints/", GOOD, "application/json").status_code == 201
