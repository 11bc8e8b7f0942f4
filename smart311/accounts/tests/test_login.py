"""Guessing passwords has an end."""

from typing import Any

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.test import Client

from smart311.accounts.tests.people import make_user

pytestmark = pytest.mark.django_db

LOGIN = "/admin/login/"
RIGHT = {"username": "ada", "password": "correct horse"}


@pytest.fixture(autouse=True)
def _hasher(settings: Any) -> None:
    """Argon2 is slow on purpose."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    make_user("ada", "admin", password=RIGHT["password"])


def guess(times: int, client: Client, **extra: Any) -> list[int]:
    return [
        client.post(LOGIN, {"username": f"user-{number}", "password": "wrong"}, **extra).status_code
        for number in range(times)
    ]


def test_ten_wrong_passwords_close_the_login_to_the_address(client: Client) -> None:
    assert guess(10, client) == [200] * 9 + [429]
    assert client.post(LOGIN, RIGHT).status_code == 429
    assert "_auth_user_id" not in client.session


def test_other_addresses_and_a_right_password_before_are_not_affected(client: Client) -> None:
    guess(10, client)
    assert client.post(LOGIN, RIGHT, REMOTE_ADDR="203.0.113.7").status_code == 302
    other = Client(REMOTE_ADDR="203.0.113.8")
    guess(9, other)
    assert other.post(LOGIN, RIGHT).status_code == 302


def test_deleting_the_failures_opens_it_again(client: Client) -> None:
    guess(10, client)
    AccessAttempt.objects.all().delete()
    assert client.post(LOGIN, RIGHT).status_code == 302


def test_a_forged_address_counts_as_none(client: Client) -> None:
    for number in range(9):
        guess(1, client, HTTP_X_FORWARDED_FOR=f"198.51.100.{number}")
    assert guess(1, client, HTTP_X_FORWARDED_FOR="198.51.100.77") == [429]


def test_passwords_that_were_tried_are_not_kept(client: Client) -> None:
    client.post(LOGIN, {"username": "ada", "password": "nearly-correct"})
    attempt = AccessAttempt.objects.get()
    assert "nearly-correct" not in f"{attempt.post_data} {attempt.get_data}"


def test_an_ordinary_request_asks_nothing_of_it(
    client: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(0):
        client.get("/api/v1/me/")
    assert "axes.middleware.AxesMiddleware" in settings.MIDDLEWARE
