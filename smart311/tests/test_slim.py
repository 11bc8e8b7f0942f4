"""Forecasts go a short way through the middleware; nobody can tell from the answer."""

from typing import Any

import pytest
from django.test import Client
from django.test.utils import override_settings

from complaints.tests.factories import make_type
from predictions.tests.small_model import activate_small_model

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
