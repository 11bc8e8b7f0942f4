"""`manage.py create_api_key`: a key for a program, printed once."""

import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError

from smart311.accounts.models import LASTS, LASTS_AT_MOST, ApiKey

_LASTS = re.compile(r"([1-9][0-9]{0,3})d")


class Command(BaseCommand):
    help = (
        "Make an API key. The key itself is printed once, alone on standard output: only its hash "
        "is kept. It acts as its owner: give a program an account of its own."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--user", required=True, metavar="NAME", help="who owns it")
        parser.add_argument("--name", required=True, metavar="NAME", help="what it is for")
        parser.add_argument(
            "--expires-in",
            type=lasts,
            default=LASTS,
            metavar="DAYS",
            help=f"such as 30d (default {LASTS.days}d, at most {LASTS_AT_MOST.days}d)",
        )
        parser.add_argument(
            "--create-user",
            action="store_true",
            help="make the account if there is none; it has no password, so it cannot log in",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        most = ApiKey._meta.get_field("name").max_length
        if not 0 < len(name) <= most:
            raise CommandError(f"--name: got {len(name)} characters, expected 1 to {most}")
        key = ApiKey(user=self._owner(options["user"], options["create_user"]), name=name)
        self.stdout.write(key.issue(options["expires_in"]))
        self.stderr.write(
            f"{name}, of {key.user}, until {key.expiry:%Y-%m-%d %H:%M}Z. It is not shown again."
        )

    def _owner(self, name: str, may_create: bool) -> User:
        user = User.objects.filter(username=name).first()
        if user is None and may_create:
            user = User(username=name)
            user.set_unusable_password()
            user.save()
        if user is None:
            raise CommandError(
                f"--user: there is no account {name[:200]!r}; --create-user makes one"
            )
        if not user.is_active:
            raise CommandError(f"--user: the account {name!r} is not active")
        return user


def lasts(text: str) -> timedelta:
    """Days such as `90d`. Raises ArgumentTypeError."""
    found = _LASTS.fullmatch(text)
    if not found or timedelta(days=int(found[1])) > LASTS_AT_MOST:
        raise ArgumentTypeError(f"got {text[:50]!r}, expected 1d to {LASTS_AT_MOST.days}d")
    return timedelta(days=int(found[1]))
