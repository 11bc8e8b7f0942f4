"""Tasks at intervals: `settings.SCHEDULE` names them, every worker looks, one of them enqueues.

django-tasks has no notion of time beyond `run_after`. The queue itself remembers when a task was
last enqueued, and an advisory lock of PostgreSQL lets one worker look at a time, so any number of
workers on any number of hosts enqueue each task once an interval.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections, connection, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import TaskResultStatus

if TYPE_CHECKING:
    from django_tasks_db.models import DBTaskResult

logger = logging.getLogger(__name__)

LOOK_SECONDS = 15.0
STUCK_AFTER = timedelta(hours=6)
"""A task that is running for longer was left by a worker that died."""
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('smart311 schedule'))"


def enqueue_due(now: datetime) -> list[str]:
    """Enqueue what is due; answers the paths. Nothing while another worker looks."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_LOCK)
            if not cursor.fetchone()[0]:
                return []
        due = [path for path, seconds in settings.SCHEDULE if _is_due(path, seconds, now)]
        for path in due:
            import_string(path).enqueue()
    return due


def _is_due(path: str, seconds: float, now: datetime) -> bool:
    """Whether it is neither waiting nor running, nor was enqueued within its interval."""
    return not in_hand(path, now, timedelta(seconds=seconds)).exists()


def in_hand(path: str, now: datetime, within: timedelta) -> Any:
    """Results of a task that waits, runs, or was enqueued `within` so much time before `now`."""
    results: type[DBTaskResult[Any, Any]] = _results()
    return results.objects.filter(task_path=path).filter(
        Q(status=TaskResultStatus.READY)
        | Q(status=TaskResultStatus.RUNNING, started_at__gt=now - STUCK_AFTER)
        | Q(enqueued_at__gt=now - within)
    )


def _results() -> Any:
    # Not before the apps are ready: commands import this module.
    from django_tasks_db.models import DBTaskResult

    return DBTaskResult


def look_forever() -> None:
    """What the worker's thread does; an outage of the database is waited out."""
    while True:
        try:
            close_old_connections()
            for path in enqueue_due(timezone.now()):
                logger.info("enqueued %s", path)
        except (DatabaseError, InterfaceError) as error:
            logger.warning("nothing was scheduled: %s", error)
        # Whatever is wrong with one look, the next must come.
        except Exception:
            logger.exception("nothing was scheduled")
        time.sleep(LOOK_SECONDS)


def start() -> None:
    """Look in a thread of this process."""
    threading.Thread(target=look_forever, name="schedule", daemon=True).start()
