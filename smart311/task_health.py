"""The queue of background tasks at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Q
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from smart311.schedule import STUCK_AFTER

LOOKED_BACK = timedelta(days=1)
LATE_AFTER = timedelta(minutes=5)
"""What waits for longer has no worker that is free, or none at all."""


@dataclass(frozen=True)
class TaskHealth:
    """The queue at a glance; `waiting_since` is when the oldest waiting one was due."""

    waiting: int
    running: int
    failed: int
    waiting_since: datetime | None
    is_late: bool

    @classmethod
    def now(cls, now: datetime) -> TaskHealth:
        """Read it; one query. Failures are those of the last day."""
        ready = Q(status=TaskResultStatus.READY)
        found = DBTaskResult.objects.aggregate(
            waiting=Count("pk", filter=ready),
            running=Count(
                "pk", filter=Q(status=TaskResultStatus.RUNNING, started_at__gt=now - STUCK_AFTER)
            ),
            failed=Count(
                "pk",
                filter=Q(status=TaskResultStatus.FAILED, finished_at__gt=now - LOOKED_BACK),
            ),
            waiting_since=Min("enqueued_at", filter=ready),
        )
        since = found["waiting_since"]
        return cls(**found, is_late=since is not None and now - since > LATE_AFTER)
