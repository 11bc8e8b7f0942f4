"""Accounts and keys for tests, in one line."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.test import Client

from smart311.accounts.models import ApiKey


def make_user(name: str = "program", role: str = "", **fields: Any) -> User:
    """An account; staff if it has a role."""
    user = User.objects.create_user(name, is_staff=bool(role), **fields)
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


def make_key(user: User | None = None, days: float = 90) -> tuple[ApiKey, str]:
    """A key and what is sent of it."""
    key = ApiKey(user=user or make_user(), name="works orders")
    return key, key.issue(timedelta(days=days))


def with_key(secret: str, **headers: str) -> Client:
    """A program that sends its key."""
    return Client(headers={"Authorization": f"Bearer {secret}", **headers})
