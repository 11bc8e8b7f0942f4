"""Imports in the worker: asked for over the API or in the admin."""

from __future__ import annotations

import logging
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from shutil import copyfileobj

from django.db import connection
from django.utils import timezone

from complaints.models import Import
from complaints.opendata.portal_runs import run_portal
from complaints.opendata.portals import PortalError
from complaints.opendata.runs import REFUSALS, AlreadyRunning, is_claimed, run_file

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 2.0
LEFT_AFTER = timedelta(minutes=2)
"""An import that waits for longer than that, and is not at the worker's, has lost its task."""


def run(number: int) -> str:
    """Import what the row asks for; answers its status. What is wrong stands in the row."""
    found = Import.objects.get(pk=number)
    if found.status == Import.Status.DONE:
        return found.status
    try:
        if found.origin == Import.Origin.PORTAL:
            run_portal(found)
        else:
            _run_upload(found)
    except AlreadyRunning:
        return "another worker is at it"
    except (PortalError, *REFUSALS) as error:
        logger.warning("import %s failed: %s", number, error)
    return found.status


def left_behind() -> list[int]:
    """Imports marked as running at which no process is: their worker was killed."""
    running = Import.objects.filter(
        status=Import.Status.RUNNING, started_at__lt=timezone.now() - LEFT_AFTER
    )
    return [number for number in running.values_list("pk", flat=True) if not is_claimed(number)]


def _run_upload(found: Import) -> None:
    """Import a kept file, and forget the file: complaints may be private, and it takes room."""
    with tempfile.TemporaryDirectory() as folder:
        # A storage may be far away; what is read in blocks has to be here.
        path = Path(folder) / "upload"
        with found.file.open("rb") as kept, path.open("wb") as local:
            copyfileobj(kept, local)
        with ThreadPoolExecutor(max_workers=1) as thread:
            run_file(found, path, progress=_Reporter(found.pk, path.stat().st_size, thread))
    found.file.delete(save=False)
    found.save(update_fields=["file"])


class _Reporter:
    """Writes how far an import is, from another connection: its own has not committed yet."""

    def __init__(self, number: int, size: int, thread: ThreadPoolExecutor) -> None:
        self._number, self._size, self._thread = number, size, thread
        self._last = time.monotonic()

    def __call__(self, bytes_read: int) -> None:
        if time.monotonic() - self._last >= PROGRESS_SECONDS:
            self._last = time.monotonic()
            # Reading is the first half, storing the second.
            self._thread.submit(_write_progress, self._number, bytes_read / max(self._size, 1) / 2)


def _write_progress(number: int, share: float) -> None:
    try:
        Import.objects.filter(pk=number).update(progress=share)
    finally:
        connection.close()
