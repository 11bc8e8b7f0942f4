"""The admin's first page: what each role sees of today."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from complaints.models import Import
from complaints.tests.factories import make_agency, make_city, make_complaint
from predictions.models import ForecastWatch
from predictions.tests.small_model import activate_small_model
from smart311.accounts.tests.people import make_user

pytestmark = pytest.mark.django_db


def home(role: str) -> str:
    client = Client()
    client.force_login(make_user(role, role))
    make_agency().staff.add(User.objects.get(username=role))
    return client.get("/admin/").content.decode()


@pytest.fixture(autouse=True)
def _today() -> None:
    make_complaint(created_at=timezone.now())
    make_complaint(created_at=timezone.now(), agency=make_agency("DEP"))
    activate_small_model()
    Import.objects.create(name="numbers.csv", origin="file", status="failed")


def test_an_agent_sees_its_queues_and_nothing_of_the_machinery() -> None:
    page = home("agent")
    assert "Your queues" in page
    assert "Filed today" in page
    for hidden in ("Unassigned", "Tasks failed", "Forecasts", "numbers.csv"):
        assert hidden not in page


def test_a_manager_sees_whether_all_is_well() -> None:
    page = home("manager")
    for told in ("Unassigned", "Filed today", "small-1", "Tasks failed", "numbers.csv"):
        assert told in page
    assert 'href="/dashboard/"' in page or 'href="/dashboard"' in page
    assert 'href="/docs"' in page


def test_drift_is_told() -> None:
    ForecastWatch.objects.create(city=make_city(), alerts=["hour has drifted"])
    assert "hour has drifted" in home("admin")


def test_it_costs_as_many_queries_however_many_complaints_there_are(
    django_assert_max_num_queries: Any,
) -> None:
    client = Client()
    client.force_login(make_user("root", "admin"))
    client.get("/admin/")
    with django_assert_max_num_queries(60) as few:
        client.get("/admin/")
    cost = len(few)
    for _ in range(5):
        make_complaint(created_at=timezone.now())
    with django_assert_max_num_queries(cost):
        client.get("/admin/")
