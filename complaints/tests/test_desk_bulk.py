"""One step for many complaints: asked, confirmed, done in one statement, recorded in each."""

import csv
import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from complaints.desk import bulk
from complaints.models import BulkStep, Complaint, ComplaintEvent
from complaints.tasks import forget_bulk_steps
from complaints.tests.factories import make_agency, make_complaint
from smart311.accounts.tests.people import make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/complaints/complaint/"


def signed_in(role: str, name: str = "ada") -> Client:
    client = Client()
    client.force_login(make_user(name, role))
    make_agency().staff.add(User.objects.get(username=name))
    return client


@pytest.fixture
def agent() -> Client:
    return signed_in("agent")


@pytest.fixture
def three() -> list[Complaint]:
    return [make_complaint() for _ in range(3)]


def choose(client: Client, action: str, rows: list[Complaint], **more: Any) -> Any:
    body = {"action": action, "_selected_action": [row.pk for row in rows], **more}
    return client.post(f"{LIST}?queue=all", body)


def test_nothing_is_done_before_it_is_confirmed(agent: Client, three: list[Complaint]) -> None:
    page = choose(agent, "close", three).headers["Location"]
    asked = agent.get(page).content.decode()
    assert "3 complaints" in asked
    assert all(row.public_id in asked for row in three)
    assert not Complaint.objects.closed().exists()
    assert "This field is required" in agent.post(page, {"resolution": " "}).content.decode()
    assert agent.post(page, {"resolution": "Swept."}).headers["Location"] == page
    done = agent.get(page).content.decode()
    assert "3 complaints changed" in done
    events = ComplaintEvent.objects.filter(kind="closed").values_list("actor__username", flat=True)
    assert list(events) == ["ada"] * 3
    assert set(Complaint.objects.values_list("resolution", flat=True)) == {"Swept."}


def test_it_is_done_once_however_often_it_is_confirmed(
    agent: Client, three: list[Complaint]
) -> None:
    page = choose(agent, "close", three).headers["Location"]
    for text in ("Swept.", "Again."):
        agent.post(page, {"resolution": text})
    assert set(Complaint.objects.values_list("resolution", flat=True)) == {"Swept."}
    assert LogEntry.objects.count() == 1


def test_duplicates_are_closed_with_theirs_and_closed_ones_left_alone(agent: Client) -> None:
    first, closed = make_complaint(), make_complaint(closed_after_hours=2, resolution="Before.")
    child = make_complaint(agency=make_agency("DEP"))
    child.link_to(first)
    page = choose(agent, "close", [first, closed]).headers["Location"]
    agent.post(page, {"resolution": "Swept."})
    assert BulkStep.objects.get().changed == 2
    closed.refresh_from_db()
    child.refresh_from_db()
    assert (child.resolution, closed.resolution) == ("Swept.", "Before.")


def test_many_are_assigned_in_one_statement(agent: Client, three: list[Complaint]) -> None:
    other = make_agency("DEP")
    page = choose(agent, "assign", three).headers["Location"]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        agent.post(page, {"agency": other.pk})
    updates = [q for q in queries if q["sql"].startswith('UPDATE "complaints_complaint"')]
    assert len(updates) == 1
    assert set(Complaint.objects.values_list("agency__code", flat=True)) == {"DEP"}
    events = ComplaintEvent.objects.filter(kind="assigned").values_list("text", "actor__username")
    assert set(events) == {("DEP", "ada")}


def test_many_are_marked_as_duplicates_of_one(agent: Client, three: list[Complaint]) -> None:
    first, *others = three
    parent = make_complaint()
    make_complaint().link_to(parent)
    page = choose(agent, "mark_duplicates", [*three, parent]).headers["Location"]
    agent.post(page, {"original": first.public_id})
    step = BulkStep.objects.get()
    assert (step.status, step.changed) == ("done", 2)
    assert {row.pk for row in Complaint.objects.filter(duplicate_of=first)} == {
        row.pk for row in others
    }
    again = choose(agent, "mark_duplicates", [first]).headers["Location"]
    refused = agent.post(again, {"original": others[0].public_id}).content.decode()
    assert "itself a duplicate" in refused


def test_a_bulk_of_duplicates_by_mistake_is_taken_back(
    agent: Client, three: list[Complaint]
) -> None:
    original, *others = three
    page = choose(agent, "mark_duplicates", others).headers["Location"]
    agent.post(page, {"original": original.public_id})
    page = choose(agent, "unlink", three).headers["Location"]
    assert "Yes, not duplicates" in agent.get(page).content.decode()
    done = agent.post(page, follow=True).content.decode()
    assert "2 complaints changed" in done
    assert "1 of those chosen needed no change" in done
    assert not Complaint.objects.filter(is_duplicate=True).exists()
    events = ComplaintEvent.objects.filter(kind="duplicate_unlinked")
    assert {(one.text, one.actor and one.actor.username) for one in events} == {
        (original.public_id, "ada")
    }


def test_what_somebody_works_no_longer_is_left_out(agent: Client, three: list[Complaint]) -> None:
    page = choose(agent, "close", three).headers["Location"]
    Complaint.objects.filter(pk=three[0].pk).update(agency=make_agency("DEP"))
    agent.post(page, {"resolution": "Swept."})
    assert BulkStep.objects.get().changed == 2
    assert "1 of those chosen" in agent.get(page).content.decode()


def test_more_than_a_page_waits_for_go_to_a_worker(
    agent: Client, three: list[Complaint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("complaints.bulk_admin.AT_ONCE", 2)
    page = choose(agent, "close", three).headers["Location"]
    agent.post(page, {"resolution": "Swept."})
    waiting = agent.get(page).content.decode()
    assert 'http-equiv="refresh"' in waiting
    assert not Complaint.objects.closed().exists()
    task = DBTaskResult.objects.get()
    assert task.task_path == "complaints.tasks.run_bulk_step"
    assert task.task.call(*task.args_kwargs["args"]) == "done"
    assert task.task.call(*task.args_kwargs["args"]) == "done"
    assert Complaint.objects.closed().count() == 3


def test_a_step_that_cannot_be_done_says_why(agent: Client, three: list[Complaint]) -> None:
    step = bulk.ask("duplicate", [three[0].pk], User.objects.get(username="ada"))
    bulk.confirm(step, {"original": three[1]})
    three[1].link_to(three[2])
    assert bulk.run(step.pk) == "failed"
    page = agent.get(f"/admin/complaints/bulkstep/{step.pk}/change/").content.decode()
    assert "Nothing was changed" in page
    assert "itself a duplicate" in page


def test_everybody_sees_their_own_and_managers_all(agent: Client, three: list[Complaint]) -> None:
    page = choose(agent, "close", three).headers["Location"]
    other, manager = signed_in("agent", "ben"), signed_in("manager", "mara")
    assert other.get(page).status_code == 404
    assert manager.get(page).status_code == 200
    manager.post(page, {"resolution": "Not hers to confirm."})
    assert not Complaint.objects.closed().exists()
    listed = "/admin/complaints/bulkstep/"
    assert "Close" in manager.get(listed).content.decode()
    assert manager.get(listed).context["cl"].result_count == 1
    assert other.get(listed).context["cl"].result_count == 0


def test_more_than_ten_thousand_are_too_many(
    agent: Client, three: list[Complaint], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("complaints.complaint_admin.MOST_ROWS", 2)
    choose(agent, "close", three[:1], select_across=1)
    assert not BulkStep.objects.exists()
    assert "Up to 2 can be chosen" in agent.get(LIST).content.decode()
    assert choose(agent, "close", three[:2]).headers["Location"].startswith("/admin/complaints/b")


def test_what_was_never_confirmed_is_forgotten(agent: Client, three: list[Complaint]) -> None:
    ada = User.objects.get(username="ada")
    old = [bulk.ask("close", [three[0].pk], ada) for _ in range(3)]
    days = {old[0].pk: 2, old[1].pk: 2, old[2].pk: 100}
    bulk.confirm(old[1], {"resolution": "Done."})
    for key, age in days.items():
        BulkStep.objects.filter(pk=key).update(asked_at=timezone.now() - timedelta(days=age))
    bulk.ask("close", [three[0].pk], ada)
    assert forget_bulk_steps.call() == 2
    assert BulkStep.objects.count() == 2


def rows_of(response: Any) -> Iterator[dict[str, str]]:
    return csv.DictReader(io.StringIO(response.getvalue().decode()))


@pytest.mark.django_db(transaction=True)
def test_an_agent_exports_what_was_chosen_and_that_is_logged() -> None:
    agent = signed_in("agent")
    mine = [make_complaint(description="Marker") for _ in range(2)]
    make_complaint(agency=make_agency("DEP"))
    response = choose(agent, "export", mine[:1], select_across=1)
    assert {row["id"] for row in rows_of(response)} == {row.public_id for row in mine}
    assert "Marker" not in response.getvalue().decode()
    assert LogEntry.objects.get().change_message == "Exported: 2 rows."
