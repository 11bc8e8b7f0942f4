"""Every list and form of the admin, walked by an admin and by nobody."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from smart311.accounts.tests.people import make_user

pytestmark = pytest.mark.django_db
MOST_QUERIES = 40


def lists() -> list[str]:
    """The address of each model's list."""
    return [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    ]


def test_every_list_and_form_opens_with_few_queries(django_assert_max_num_queries: Any) -> None:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    assert len(lists()) >= 14
    for address in lists():
        with django_assert_max_num_queries(MOST_QUERIES):
            assert client.get(address).status_code == 200, address
        assert client.get(f"{address}add/").status_code in {200, 403}, address


@pytest.mark.parametrize("role", ["", "agent"])
def test_who_is_no_admin_sees_no_machinery(role: str) -> None:
    client, allowed = Client(), ("agency", "bulkstep", "city", "complaint", "complainttype")
    if role:
        client.force_login(make_user("ada", role))
    for address in lists():
        found = client.get(address).status_code
        is_theirs = address.split("/")[-2] in (*allowed, "district") and role
        assert found == (200 if is_theirs else 403 if role else 302), address
