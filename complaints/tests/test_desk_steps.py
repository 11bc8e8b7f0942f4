"""What agents and managers do with one complaint in the admin, and who was first."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from complaints import lifecycle
from complaints.desk.steps import version_of
from complaints.models import Complaint, IntakeReceipt, Reporter
from complaints.tests.factories import (
    NOON,
    make_agency,
    make_city,
    make_complaint,
    make_district,
    make_type,
)
from smart311.accounts.tests.people import make_user

pytestmark = pytest.mark.django_db


def signed_in(role: str, name: str = "ada") -> Client:
    client = Client()
    client.force_login(make_user(name, role))
    make_agency().staff.add(User.objects.get(username=name))
    return client


@pytest.fixture
def agent() -> Client:
    return signed_in("agent")


def page_of(complaint: Complaint) -> str:
    return f"/admin/complaints/complaint/{complaint.pk}/change/"


def take(client: Client, complaint: Complaint, name: str, seen: str = "", **values: Any) -> Any:
    address = f"/admin/complaints/complaint/{complaint.pk}/step/{name}/"
    return client.post(address, {"seen": seen or version_of(complaint), **values})


def kinds(complaint: Complaint) -> list[tuple[str, str | None]]:
    rows = complaint.events.order_by("pk").values_list("kind", "actor__username")
    return [(kind, actor) for kind, actor in rows]


def test_a_complaint_is_worked_from_start_to_end(agent: Client) -> None:
    complaint = make_complaint()
    for name, values, status in (
        ("start", {}, "in_progress"),
        ("comment", {"text": "Crew sent.", "is_public": "on"}, "in_progress"),
        ("close", {"resolution": "Repaired."}, "closed"),
        ("reopen", {"reason": "It leaks again."}, "open"),
    ):
        assert take(agent, complaint, name, **values).headers["Location"] == page_of(complaint)
        complaint.refresh_from_db()
        assert complaint.status == status
    assert complaint.resolution == "Repaired."
    assert [kind for kind, _ in kinds(complaint)] == [
        *("opened", "status_changed", "commented", "closed", "reopened", "commented")
    ]
    assert {actor for _, actor in kinds(complaint)[1:]} == {"ada"}
    assert not complaint.events.get(text="It leaks again.").is_public


def test_only_what_its_state_allows_is_offered(agent: Client) -> None:
    complaint = make_complaint(closed_after_hours=3)
    page = agent.get(page_of(complaint)).content.decode()
    assert "step/reopen/" in page
    assert "step/close/" not in page
    assert take(agent, complaint, "close", resolution="Twice.").status_code == 409


def test_whoever_gives_it_away_is_led_to_the_list(agent: Client) -> None:
    complaint, other = make_complaint(), make_agency("DEP")
    response = take(agent, complaint, "assign", agency=other.pk)
    assert response.headers["Location"] == "/admin/complaints/complaint/"
    complaint.refresh_from_db()
    assert complaint.agency == other


def test_duplicates_close_with_the_one_that_came_first(agent: Client) -> None:
    first, second, third = make_complaint(), make_complaint(), make_complaint()
    take(agent, second, "duplicate", original=f" {first.public_id.upper()} ")
    take(agent, third, "duplicate", original=first.public_id)
    take(agent, third, "close", resolution="Not again.")
    first.refresh_from_db()
    take(agent, first, "close", resolution="Quiet now.")
    second.refresh_from_db()
    third.refresh_from_db()
    assert second.duplicate_of == first
    assert (second.status, second.resolution) == ("closed", "Quiet now.")
    assert third.resolution == "Quiet now." or third.status == "closed"
    assert kinds(second)[-1] == ("closed", "ada")
    assert [kind for kind, _ in kinds(third)].count("closed") == 1


def test_a_duplicate_by_mistake_is_taken_back(agent: Client) -> None:
    first, second = make_complaint(), make_complaint()
    assert "Not a duplicate" not in agent.get(page_of(second)).content.decode()
    take(agent, second, "duplicate", original=first.public_id)
    second.refresh_from_db()
    assert "Not a duplicate" in agent.get(page_of(second)).content.decode()
    assert take(agent, second, "unlink").status_code == 302
    second.refresh_from_db()
    assert (second.duplicate_of, second.is_duplicate) == (None, False)
    assert kinds(second)[-1] == ("duplicate_unlinked", "ada")
    shown = agent.get(page_of(second)).content.decode()
    assert "No duplicate of" in shown
    assert take(agent, second, "unlink").status_code == 409


@pytest.mark.parametrize("typed", ["nonsense", "itself", "far away"])
def test_the_first_one_has_to_be_another_of_the_city(agent: Client, typed: str) -> None:
    complaint = make_complaint()
    elsewhere = make_complaint(complaint_type=make_type("rodent", city=make_city("sf")))
    ids = {"itself": complaint.public_id, "far away": elsewhere.public_id}
    response = take(agent, complaint, "duplicate", original=ids.get(typed, typed))
    assert "expected the id of another complaint" in response.content.decode()
    complaint.refresh_from_db()
    assert complaint.duplicate_of is None


def test_whoever_comes_second_is_told_and_loses_nothing(agent: Client) -> None:
    complaint = make_complaint()
    seen = version_of(complaint)
    lifecycle.change(complaint, {"status": "in_progress"}, make_user("ben", "agent"))
    response = take(agent, complaint, "close", seen, resolution="All swept <up>.")
    page = response.content.decode()
    assert response.status_code == 409
    assert "Somebody else changed this complaint" in page
    assert "ben" in page
    assert "All swept &lt;up&gt;." in page
    complaint.refresh_from_db()
    assert complaint.status == "in_progress"
    again = response.context["form"].data["seen"]
    assert take(agent, complaint, "close", again, resolution="All swept.").status_code == 302


def test_a_remark_minds_nobody_elses_change(agent: Client) -> None:
    complaint = make_complaint()
    seen = version_of(complaint)
    lifecycle.change(complaint, {"zip": "10001"}, make_user("ben", "agent"))
    assert take(agent, complaint, "comment", seen, text="Noted.").status_code == 302


@pytest.mark.parametrize("seen", ["yesterday", "2019-07-10T16:00:00", "\0", "9" * 5000])
def test_a_form_without_its_state_is_too_old(agent: Client, seen: str) -> None:
    complaint = make_complaint()
    response = take(agent, complaint, "close", seen, resolution="Done.")
    assert response.status_code == 200
    complaint.refresh_from_db()
    assert complaint.is_open


def test_correcting_says_so_and_keeps_what_somebody_else_did(agent: Client) -> None:
    complaint = make_complaint(address="5 Main Street")
    form = agent.get(page_of(complaint)).context["adminform"].form
    typed = {**{k: v or "" for k, v in form.initial.items()}, "address": "7 Main Street"}
    lifecycle.close(complaint, timezone.now(), "Gone.", make_user("ben", "agent"))
    response = agent.post(page_of(complaint), typed)
    page = response.content.decode()
    assert "Somebody else changed this complaint" in page
    assert "Closed" in page
    assert "7 Main Street" in page
    typed["seen"] = response.context["adminform"].form["seen"].value()
    typed["resolution"] = "Gone."
    assert agent.post(page_of(complaint), typed).status_code == 302
    complaint.refresh_from_db()
    assert (complaint.address, complaint.status) == ("7 Main Street", "closed")
    assert kinds(complaint)[-1] == ("corrected", "ada")
    assert complaint.events.last().text == "address"  # type: ignore[union-attr]


def test_a_type_of_another_city_is_refused(agent: Client) -> None:
    complaint = make_complaint()
    form = agent.get(page_of(complaint)).context["adminform"].form
    other = make_type("rodent", city=make_city("sf"))
    typed = {**{k: v or "" for k, v in form.initial.items()}, "complaint_type": other.pk}
    assert agent.post(page_of(complaint), typed).status_code == 200
    complaint.refresh_from_db()
    assert complaint.complaint_type != other


def test_others_complaints_are_nobodys_business(agent: Client) -> None:
    other = make_complaint(agency=make_agency("DEP"))
    assert take(agent, other, "close", resolution="Mine!").status_code == 404
    assert agent.get(page_of(other)).status_code == 302
    mine = make_complaint()
    assert take(agent, mine, "nonsense").status_code == 404
    assert Client().get(f"/admin/complaints/complaint/{mine.pk}/step/close/").status_code == 302


def test_a_manager_looks_who_filed_it_and_that_is_on_record() -> None:
    complaint = make_complaint()
    Reporter.objects.create(complaint=complaint, name="Marker Person", email="m@example.org")
    agent, manager = signed_in("agent"), signed_in("manager", "mara")
    address = f"/admin/complaints/complaint/{complaint.pk}/reporter/"
    assert "Marker" not in manager.get(page_of(complaint)).content.decode()
    assert manager.get(address).status_code == 302
    assert not LogEntry.objects.exists()
    shown = manager.post(address)
    assert "Marker Person" in shown.content.decode()
    assert "no-store" in shown.headers["Cache-Control"]
    entry = LogEntry.objects.get()
    assert (entry.user.get_username(), entry.change_message) == ("mara", "Looked who filed it.")
    assert agent.post(address).status_code == 403
    assert LogEntry.objects.count() == 1


def test_personal_data_are_erased_and_the_complaint_stays() -> None:
    complaint = make_complaint(description="Marker drums", media_url="https://example.org/a.jpg")
    Reporter.objects.create(complaint=complaint, name="Marker Person")
    answer = f'{{"complaints": [{{"id": "{complaint.public_id}", "description": "Marker drums"}}]}}'
    IntakeReceipt.objects.create(
        city=complaint.city, source="s", key="k" * 8, payload_sha256="0", answer=answer
    )
    address = f"/admin/complaints/complaint/{complaint.pk}/erase/"
    agent, manager = signed_in("agent"), signed_in("manager", "mara")
    assert agent.post(address).status_code == 403
    assert manager.get(address).status_code == 302
    assert Reporter.objects.exists()
    assert manager.post(address).status_code == 302
    complaint.refresh_from_db()
    assert (complaint.description, complaint.media_url) == ("", "")
    assert not Reporter.objects.exists()
    assert "Marker" not in IntakeReceipt.objects.get().answer
    assert kinds(complaint)[-1] == ("erased", "mara")


def test_a_complaint_cannot_be_deleted() -> None:
    complaint = make_complaint()
    manager = signed_in("admin", "root")
    assert manager.post(f"/admin/complaints/complaint/{complaint.pk}/delete/").status_code == 403
    assert Complaint.objects.exists()


def test_the_page_costs_as_many_queries_however_much_happened(
    agent: Client, django_assert_max_num_queries: Any
) -> None:
    complaint = make_complaint(district=make_district(), description="<script>alert(1)</script>")
    make_complaint().link_to(complaint)
    agent.get(page_of(complaint))
    with django_assert_max_num_queries(27) as few:
        agent.get(page_of(complaint))
    cost = len(few)
    for number in range(8):
        other = make_complaint(created_at=NOON + timedelta(hours=number))
        other.link_to(complaint)
        take(agent, complaint, "comment", text=f"Remark {number}")
    with django_assert_max_num_queries(cost):
        page = agent.get(page_of(complaint)).content.decode()
    assert all(f"Remark {number}" in page for number in range(8))
    assert "<script>alert(1)" not in page
    assert 'id="desk-map-data"' in page
