"""Forecasts go a short way through the middleware; nobody can tell from the answer."""

from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings

from complaints.tests.factories import make_type
from predictions.tests.small_model import activate_small_model
from smart311.slim import _match

pytestmark = pytest.mark.django_db

PATHS = [
    "/predict/noise-residential?created_date=2021-07-10T12:00:00",
    "/predict/nothing-like-it",
    "/predict_async/noise-residential?latitude=91&longitude=0",
    "/predict/",
]
WITHOUT_EFFECT = {"Vary"}
"""The long way says that the answer depends on cookies, which it does not."""


def ask(path: str, method: str = "get", **headers: str) -> tuple[int, dict[str, str], Any]:
    response = getattr(Client(), method)(path, headers={"X-Request-ID": "same", **headers})
    told = {name: value for name, value in response.items() if name not in WITHOUT_EFFECT}
    return response.status_code, told, response.content


@pytest.mark.parametrize("method", ["get", "head", "post", "options"])
@pytest.mark.parametrize("path", PATHS)
def test_the_short_way_answers_as_the_long_one(path: str, method: str) -> None:
    make_type()
    activate_small_model()
    short = ask(path, method, Origin="https://example.org")
    with override_settings(SLIM_PREFIXES=[]):
        long = ask(path, method, Origin="https://example.org")
    assert short == long
    assert "default-src 'self'" in short[1]["Content-Security-Policy"]


def test_it_knows_no_session() -> None:
    asked = Client().get("/predict/noise-residential").wsgi_request
    assert not hasattr(asked, "session")
    with override_settings(SLIM_PREFIXES=[]):
        assert hasattr(Client().get("/predict/noise-residential").wsgi_request, "session")


def test_a_path_that_was_asked_before_keeps_its_own_view() -> None:
    make_type()
    make_type("rodent")
    activate_small_model()
    _match.cache_clear()
    kinds = ["noise-residential", "rodent"] * 2
    answers = [Client().get(f"/predict/{kind}").json()["complaint_type"] for kind in kinds]
    assert answers == kinds
    assert _match.cache_info().hits == 2


def test_paths_that_lead_nowhere_are_not_remembered() -> None:
    _match.cache_clear()
    assert [Client().get("/predict/").status_code for _ in range(2)] == [404, 404]
    assert _match.cache_info().currsize == 0
