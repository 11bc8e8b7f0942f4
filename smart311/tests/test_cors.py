"""Pages of other sites read what is public, and nothing else."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db

ELSEWHERE = {"Origin": "https://elsewhere.example"}


@pytest.mark.parametrize(
    "path", ["/api/v1/complaints/", "/api/v1/complaints.csv", "/predict/x", "/predict_async/x"]
)
def test_reading_is_open_to_all_without_credentials(client: Client, path: str) -> None:
    response = client.get(path, headers=ELSEWHERE)
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in response


@pytest.mark.parametrize("path", ["/admin/login/", "/dashboard/", "/docs", "/metrics"])
def test_pages_are_not(client: Client, path: str) -> None:
    assert "Access-Control-Allow-Origin" not in client.get(path, headers=ELSEWHERE)


@pytest.mark.parametrize("path", ["/api/v1/complaints/", "/input/"])
def test_the_answer_to_a_post_is_not(client: Client, path: str) -> None:
    response = client.post(path, {}, content_type="application/json", headers=ELSEWHERE)
    assert "Access-Control-Allow-Origin" not in response


def ask_first(client: Client, method: str, headers: str) -> Any:
    return client.options(
        "/api/v1/complaints/",
        headers={
            **ELSEWHERE,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": headers,
        },
    )


def test_a_browser_that_asks_first_may_read_but_neither_write_nor_send_a_key(
    client: Client,
) -> None:
    response = ask_first(client, "POST", "authorization, content-type")
    assert response["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    allowed = response["Access-Control-Allow-Headers"]
    assert "if-none-match" in allowed
    assert "authorization" not in allowed
    assert "content-type" not in allowed
