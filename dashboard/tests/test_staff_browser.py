"""Two members of staff in two browsers: whoever comes second is told and loses nothing."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from complaints.models import Complaint
from complaints.tests.factories import make_agency, make_complaint
from dashboard.tests.conftest import Watched
from smart311.accounts.tests.people import make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/complaints/complaint/"
CONFLICT = "status of 409"
"""Chromium tells of the answer that this test is about."""


def logged_in(name: str, context: BrowserContext, server: LiveServer) -> Watched:
    """A page of somebody who has logged in."""
    client = Client()
    client.force_login(User.objects.get(username=name))
    [cookie] = [morsel for key, morsel in client.cookies.items() if key == "sessionid"]
    context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": server.url}])
    return Watched(context.new_page(), server.url)


@pytest.fixture
def two(chromium: Browser, live_server: LiveServer) -> Iterator[tuple[Watched, Watched]]:
    """Ada and Ben, agents of one agency; their pages must stay quiet."""
    agency, contexts = make_agency(), []
    watched = []
    for name in ("ada", "ben"):
        agency.staff.add(make_user(name, "agent"))
        contexts.append(chromium.new_context(reduced_motion="reduce"))
        watched.append(logged_in(name, contexts[-1], live_server))
    yield watched[0], watched[1]
    for context in contexts:
        context.close()
    for seen in watched:
        assert [error for error in seen.console_errors if CONFLICT not in error] == []
        assert seen.outside_requests == []


def test_two_work_the_same_complaint(two: tuple[Watched, Watched]) -> None:
    complaint = make_complaint(created_at=timezone.now(), descriptor="Banging")
    neighbour = make_complaint(created_at=timezone.now())
    address = f"{LIST}{complaint.pk}/change/"
    ada, ben = (each.visit(address) for each in two)
    expect(ada.locator("#desk-map path.desk-here")).to_be_visible()
    expect(ada.locator("#desk-map path.desk-near-open")).to_have_count(1)

    ben.locator("summary", has_text="Close").click()
    ben.get_by_label("What was done").fill("Warned the tenant.")
    ben.locator("details[open] button[type=submit]").click()
    expect(ben.get_by_text("Close: done.")).to_be_visible()

    ada.locator("summary", has_text="Assign").click()
    ada.locator("summary", has_text="Close").click()
    ada.get_by_label("What was done").fill("Spoke to the neighbours <twice>.")
    ada.locator("details[open] button[type=submit]").click()
    expect(ada.get_by_text("Somebody else changed this complaint")).to_be_visible()
    expect(ada.locator(".desk-timeline")).to_contain_text("ben")
    expect(ada.get_by_label("What was done")).to_have_value("Spoke to the neighbours <twice>.")
    complaint.refresh_from_db()
    assert complaint.resolution == "Warned the tenant."

    ada.goto(f"{two[0].address}{LIST}?queue=open")
    ada.locator(f'input.action-select[value="{neighbour.pk}"]').check()
    ada.locator("select[name=action]").select_option("close")
    ada.get_by_role("button", name="Run").click()
    expect(ada.get_by_text("Are you sure?")).to_be_visible()
    ada.get_by_label("What was done").fill("Swept.")
    ada.get_by_role("button", name="Yes, close").click()
    expect(ada.get_by_text("1 complaint changed.")).to_be_visible()
    assert Complaint.objects.closed().count() == 2
