"""`/api/v1/` leads to everything that can be read."""

import pytest
from django.test import Client

from complaints.tests.factories import make_complaint
from smart311.tests.routes import all_routes

pytestmark = pytest.mark.django_db
# It needs two areas.
NEEDS_PARAMETERS = {"statistics/compare"}


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/"])
def test_each_address_of_the_index_answers(client: Client, path: str) -> None:
    make_complaint()
    body = client.get(path).json()
    assert client.get(body["documentation"]).status_code == 200
    assert client.get(body["schema"]).json()["openapi"].startswith("3.")
    for name, address in body["collections"].items():
        response = client.get(address)
        # Read whole, or an export would keep its connection.
        assert response.getvalue()
        assert response.status_code == (400 if name in NEEDS_PARAMETERS else 200), name


def test_the_index_has_every_route_that_names_no_one_thing(client: Client) -> None:
    found = client.get("/api/v1/").json()["collections"]
    assert found["complaints"] == "http://testserver/api/v1/complaints"
    assert set(found) == {
        path.removeprefix("/api/v1/")
        for method, path, _ in all_routes()
        if method == "GET" and path.startswith("/api/v1/") and "<" not in path
    }


@pytest.mark.parametrize("path", ["/api/v1", "/api/v1/"])
def test_the_index_is_only_read(client: Client, path: str) -> None:
    response = client.post(path, {}, content_type="application/json")
    assert response.status_code == 405
    assert response["Allow"] == "GET, HEAD, OPTIONS"
    assert client.get(f"{path}?colour=red").status_code == 400
