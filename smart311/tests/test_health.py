from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django.fixtures import Settings

from complaints.tests.factories import make_city


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_a_living_process_says_so_without_the_database(client: Client, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_readiness_names_what_is_missing(client: Client) -> None:
    make_city()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert response.json()["checks"] == {
        "database": "ok",
        "active_model": "no model is active for New York City",
    }


@pytest.mark.django_db
def test_readiness_without_a_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(connection, "cursor", fail)
    response = client.get("/readyz/")
    assert response.status_code == 503
    assert response.json()["checks"] == {
        "database": "does not answer",
        "active_model": "the database does not answer",
    }


@pytest.mark.django_db
def test_an_alert_is_told_but_turns_nobody_away(client: Client, settings: Settings) -> None:
    settings.READINESS_CHECKS = ["smart311.health.database"]
    assert client.get("/readyz").json()["alerts"] == {}
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE complaints_rollup_state SET checked_at = '2019-07-10Z', differing_cells = 2"
        )
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["alerts"] == {
        "rollups": "2 cells differ from the complaints, found at 2019-07-10 00:00Z"
    }


def test_the_version_is_told(client: Client) -> None:
    assert client.get("/version").json() == {"version": "0.1.0"}
