"""Tasks at intervals, enqueued once however many workers look."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from smart311 import schedule

PATH = "complaints.tasks.purge_receipts"


@pytest.fixture(autouse=True)
def _schedule(settings: Any) -> None:
    settings.SCHEDULE = [(PATH, 600)]


@pytest.mark.django_db
def test_a_task_is_enqueued_once_an_interval() -> None:
    now = timezone.now()
    assert schedule.enqueue_due(now) == [PATH]
    assert schedule.enqueue_due(now) == []
    DBTaskResult.objects.update(status=TaskResultStatus.SUCCESSFUL)
    assert schedule.enqueue_due(now + timedelta(seconds=590)) == []
    assert schedule.enqueue_due(now + timedelta(seconds=601)) == [PATH]


@pytest.mark.django_db
def test_what_waits_or_runs_is_not_enqueued_again() -> None:
    now = timezone.now()
    schedule.enqueue_due(now)
    later = now + timedelta(hours=3)
    assert schedule.enqueue_due(later) == []
    DBTaskResult.objects.update(status=TaskResultStatus.RUNNING, started_at=now)
    assert schedule.enqueue_due(later) == []
    assert schedule.enqueue_due(now + timedelta(hours=7)) == [PATH]


@pytest.mark.django_db(transaction=True)
def test_while_one_worker_looks_another_does_not() -> None:
    found: list[list[str]] = []

    def look() -> None:
        try:
            found.append(schedule.enqueue_due(timezone.now()))
        finally:
            connection.close()

    with transaction.atomic():
        assert schedule.enqueue_due(timezone.now()) == [PATH]
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
    assert found == [[]]
    assert DBTaskResult.objects.count() == 1


def test_every_scheduled_task_is_a_task() -> None:
    from smart311 import settings as project

    for path, seconds in project.SCHEDULE:
        assert callable(import_string(path).enqueue)
        assert seconds >= 60
