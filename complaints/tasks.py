"""What runs in the worker, each to be queued again and again by a schedule."""

from __future__ import annotations

from django_tasks import task

from complaints.rollups.checking import check
from complaints.rollups.folding import fold


@task()
def fold_rollups() -> int:
    """Fold appended changes into the roll-ups; every few seconds. Answers how many they were."""
    return fold()


@task()
def check_rollups() -> int:
    """Compare the roll-ups with all complaints; every night. Answers how many cells differ."""
    return check().differing
