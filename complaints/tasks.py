"""What runs in the worker; `settings.SCHEDULE` says how often."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django_tasks import task

from complaints import receipts
from complaints.erasure import AlreadyRunning, Erasure, erase
from complaints.models import BulkStep, City
from complaints.rollups.checking import check
from complaints.rollups.folding import fold

KEEP_BULK_STEPS = timedelta(days=90)


@task()
def fold_rollups() -> int:
    """Fold appended changes into the roll-ups; every few seconds. Answers how many they were."""
    return fold()


@task()
def check_rollups() -> int:
    """Compare the roll-ups with all complaints; every night. Answers how many cells differ."""
    return check().differing


@task()
def purge_receipts() -> int:
    """Forget old idempotency keys; answers how many."""
    return receipts.purge(timezone.now())


@task()
def erase_reporters() -> int:
    """Erase who filed what was closed long ago, if the settings say how long; answers how many."""
    days = settings.ERASE_REPORTERS_AFTER_DAYS
    if not days:
        return 0
    before = timezone.now() - timedelta(days=days)
    return sum(_erase(city, before) for city in City.objects.all())


@task()
def run_import(number: int) -> str:
    """Import what a row asks for; answers how it ended. Nothing if another worker is at it."""
    # Loads polars: only in the worker that imports.
    from complaints.opendata.background import run

    return run(number)


@task()
def run_bulk_step(number: int) -> str:
    """Do to many complaints what somebody confirmed; answers how it ended."""
    # Its forms are the admin's: nobody else loads them.
    from complaints.desk.bulk import run

    return run(number)


@task()
def forget_bulk_steps() -> int:
    """Forget what was asked and never confirmed, and what was done long ago; answers how many."""
    now = timezone.now()
    unconfirmed = Q(status=BulkStep.Status.ASKED, asked_at__lt=now - timedelta(days=1))
    old = Q(asked_at__lt=now - KEEP_BULK_STEPS)
    return BulkStep.objects.filter(unconfirmed | old).delete()[0]


@task()
def resume_imports() -> int:
    """Queue imports again that a killed worker left behind; answers how many."""
    from complaints.opendata.background import left_behind

    found = left_behind()
    for number in found:
        run_import.enqueue(number)
    return len(found)


def _erase(city: City, before: datetime) -> int:
    try:
        return erase(Erasure(city=city, before=before)).complaints
    except AlreadyRunning:
        return 0
