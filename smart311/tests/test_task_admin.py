"""Background tasks in the admin, and the audit log beside them."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from smart311.accounts.tests.people import make_user
from smart311.task_health import TaskHealth
from smart311.tasks import forget_old_results

pytestmark = pytest.mark.django_db
TASKS = "/admin/django_tasks_database/dbtaskresult/"


def signed_in(role: str, name: str = "ada") -> Client:
    client = Client()
    client.force_login(make_user(name, role))
    return client


def made(error: str = "") -> DBTaskResult[Any, Any]:
    """A task that waits, or that failed with an error."""
    task: DBTaskResult[Any, Any] = DBTaskResult.objects.get(pk=forget_old_results.enqueue().id)
    if error:
        task.claim("w1")
        task.set_failed(ValueError(error))
    return task


def test_health_counts_what_waits_and_what_failed() -> None:
    made()
    made("no <luck>")
    now = timezone.now()
    assert TaskHealth.now(now).waiting == 1
    assert TaskHealth.now(now).failed == 1
    assert not TaskHealth.now(now).is_late
    later = TaskHealth.now(now + timedelta(days=2))
    assert (later.failed, later.is_late) == (0, True)


def test_a_failure_is_shown_with_its_traceback() -> None:
    task, admin = made("no <luck>"), signed_in("admin")
    assert "ValueError" in admin.get(TASKS).content.decode()
    page = admin.get(f"{TASKS}{task.pk}/change/").content.decode()
    assert "ValueError: no &lt;luck&gt;" in page
    assert "Run it again" in page


def test_it_is_run_again_by_a_button_and_not_by_a_link() -> None:
    task, admin = made("no luck"), signed_in("admin")
    assert "enqueued again with the same" in admin.get(f"{TASKS}{task.pk}/retry/").content.decode()
    assert DBTaskResult.objects.count() == 1
    admin.post(f"{TASKS}{task.pk}/retry/")
    again = DBTaskResult.objects.exclude(pk=task.pk).get()
    assert (again.status, again.task_path) == (TaskResultStatus.READY, task.task_path)
    assert LogEntry.objects.get().change_message == "Enqueued again."


def test_what_did_not_fail_or_exists_no_more_is_not_run_again() -> None:
    waiting, failed, admin = made(), made("no luck"), signed_in("admin")
    admin.post(f"{TASKS}{waiting.pk}/retry/")
    for path in ("smart311.tasks.gone", "os.remove"):
        DBTaskResult.objects.filter(pk=failed.pk).update(task_path=path)
        admin.post(f"{TASKS}{failed.pk}/retry/")
    assert DBTaskResult.objects.count() == 2


def test_managers_look_and_agents_do_not() -> None:
    task = made("no luck")
    manager, agent = signed_in("manager", "mara"), signed_in("agent")
    assert manager.get(f"{TASKS}{task.pk}/change/").status_code == 200
    assert manager.post(f"{TASKS}{task.pk}/retry/").status_code == 403
    assert agent.get(TASKS).status_code == 403


def test_managers_read_the_audit_log_and_nobody_changes_it() -> None:
    task, admin = made("no luck"), signed_in("admin")
    admin.post(f"{TASKS}{task.pk}/retry/")
    manager, log = signed_in("manager", "mara"), "/admin/admin/logentry/"
    page = manager.get(log).content.decode()
    assert "Enqueued again." in page
    assert "ada" in page
    entry = LogEntry.objects.get()
    for client in (manager, admin):
        assert client.get(f"{log}{entry.pk}/change/").status_code == 200
        assert client.post(f"{log}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
        assert client.post(f"{log}{entry.pk}/change/", {}).status_code == 403
    assert signed_in("agent", "ben").get(log).status_code == 403
