"""gunicorn's hooks: `gunicorn -c python:smart311.gunicorn_hooks …`."""

import os
from typing import Any

from prometheus_client.multiprocess import mark_process_dead


def child_exit(server: Any, worker: Any) -> None:
    """A worker has ended, however: what it said of the present is no longer so."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]
