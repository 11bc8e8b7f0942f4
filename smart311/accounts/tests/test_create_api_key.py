"""`manage.py create_api_key`."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.utils import timezone

from smart311.accounts.models import ApiKey
from smart311.accounts.tests.people import make_user, with_key

pytestmark = pytest.mark.django_db


def create(*options: str) -> tuple[str, str]:
    out, error = StringIO(), StringIO()
    call_command("create_api_key", *options, stdout=out, stderr=error)
    return out.getvalue(), error.getvalue()


def test_the_key_stands_alone_on_standard_output_and_works() -> None:
    make_user()
    out, said = create("--user=program", "--name=nightly sync", "--expires-in=30d")
    secret = out.removesuffix("\n")
    assert with_key(secret).get("/api/v1/me/").json()["key"]["name"] == "nightly sync"
    assert secret not in said
    lasts = ApiKey.objects.get().expiry - timezone.now()
    assert timedelta(days=29, hours=23) < lasts <= timedelta(days=30)


def test_it_can_make_an_account_that_cannot_log_in() -> None:
    create("--user=crm", "--name=crm", "--create-user")
    create("--user=crm", "--name=crm again", "--create-user")
    assert not User.objects.get().has_usable_password()
    assert ApiKey.objects.count() == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--user=nobody", "--name=x"], "no account 'nobody'"),
        (["--user=idle", "--name=x"], "not active"),
        (["--user=program", "--name= "], "expected 1 to 100"),
        (["--user=program", "--name=" + "x" * 101], "expected 1 to 100"),
        (["--user=program", "--name=x", "--expires-in=0d"], "expected 1d to 730d"),
        (["--user=program", "--name=x", "--expires-in=731d"], "expected 1d to 730d"),
        (["--user=program", "--name=x", "--expires-in=9"], "expected 1d to 730d"),
        (["--user=program", "--name=x", "--expires-in=-1d"], "expected 1d to 730d"),
    ],
)
def test_odd_options_are_named_and_make_no_key(options: list[str], words: str) -> None:
    make_user()
    make_user("idle", is_active=False)
    with pytest.raises(CommandError, match=words):
        create(*options)
    assert not ApiKey.objects.exists()


def test_a_key_lasts_90_days_unless_told_otherwise() -> None:
    make_user()
    create("--user=program", "--name=x")
    key: Any = ApiKey.objects.get()
    assert (key.expiry - key.created).days in {89, 90}
