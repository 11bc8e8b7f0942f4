"""Errors of the API, and the pages that people get instead."""

import pytest
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client

from smart311.problems import shorten


@pytest.mark.parametrize("path", ["/api/nothing", "/predictions", "/complaints/", "/input/x"])
def test_api_paths_answer_a_problem_document(client: Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert set(body) == {"type", "title", "status", "detail", "errors", "request_id"}
    assert (body["title"], body["status"]) == ("Not Found", 404)


def test_other_paths_answer_a_page(client: Client) -> None:
    response = client.get("/nothing-here")
    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def fail(*_: object, **__: object) -> None:
    raise OperationalError("the server closed the connection")


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/dashboard/", "text/html; charset=utf-8"),
        ("/api/v1/complaints/", "application/problem+json"),
    ],
)
def test_an_outage_of_the_database_is_a_503_everywhere(
    client: Client, monkeypatch: pytest.MonkeyPatch, path: str, media_type: str
) -> None:
    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", fail)
    client.raise_request_exception = False
    response = client.get(path)
    assert response.status_code == 503
    assert response["Content-Type"] == media_type
    assert response["Retry-After"] == "5"


def test_a_plain_request_id_is_kept_and_another_replaced(client: Client) -> None:
    kept = client.get("/healthz", headers={"X-Request-ID": "abc-123"})
    replaced = client.get("/healthz", headers={"X-Request-ID": "a b\n<script>"})
    assert kept["X-Request-ID"] == "abc-123"
    assert len(replaced["X-Request-ID"]) == 16


def test_an_error_repeats_little_of_its_input() -> None:
    assert shorten("x" * 1000) == "x" * 199 + "…"
    assert shorten("a\x00\ud800") == "a\\x00\\ud800"
