"""gunicorn's hooks: `gunicorn -c python:smart311.gunicorn_hooks …`."""

import os
import socket
from typing import Any

from gunicorn import util
from prometheus_client.multiprocess import mark_process_dead


def child_exit(server: Any, worker: Any) -> None:
    """A worker has ended, however: what it said of the present is no longer so."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def write_problem(connection: socket.socket, status: int, reason: str, message: str) -> None:
    """Refuse with a problem document what gunicorn refuses before Django could: no valid HTTP."""
    # Only a worker has Django; the hooks are read before it is set up.
    from smart311.problems import CONTENT_TYPE, problem_body, shorten

    body = problem_body(status, shorten(message) or reason, None, "")
    head = (
        f"HTTP/1.1 {status} {reason}\r\nConnection: close\r\n"
        f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    util.write_nonblock(connection, head.encode("latin-1") + body)


# gunicorn has no setting for it; it answers in HTML otherwise.
util.write_error = write_problem
