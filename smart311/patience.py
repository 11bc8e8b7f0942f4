"""How long a serving process waits for a database that says nothing.

`statement_timeout` is kept by the server, so it does not help against one that is frozen or whose
synchronous standby is gone; nor does libpq give up by itself on a local socket. psycopg2 can wait
through a function of ours instead, and this one has a deadline. A connection that passes it is
closed, and the statement fails with OperationalError like in any other outage.

The function holds for the whole process, and psycopg2 refuses COPY with it: processes that copy
(imports, training) do without.
"""

from __future__ import annotations

import contextlib
import select
import threading
import time
from collections.abc import Iterator

import psycopg2
from psycopg2.extensions import (
    POLL_OK,
    POLL_READ,
    STATUS_SETUP,
    connection,
    set_wait_callback,
)

SILENT_SECONDS = 5.5
"""A little more than `statement_timeout` in the settings: a living server speaks first."""
CONNECT_SECONDS = 3.0
"""As `connect_timeout`, which libpq does not keep when somebody else waits for it."""
PROBE_SECONDS = 1.0
"""After a silence one thread at a time asks, for so long, until one is answered; the others fail
at once. Else the requests that queue for the threads of this process would each wait in turn."""


class SilentError(psycopg2.OperationalError):
    """The database is there, or was, and says nothing."""


class _Own(threading.local):
    seconds = SILENT_SECONDS


class _Doubt:
    """Whether the database was silent when it was last asked, and who asks again."""

    is_raised = False
    probe = threading.Lock()


_own = _Own()
_doubt = _Doubt()


def install() -> None:
    """Let every connection of this process wait with a deadline from now on."""
    set_wait_callback(wait)


@contextlib.contextmanager
def waiting_up_to(seconds: float) -> Iterator[None]:
    """Another limit for the statements of this thread; for streams, whose client is served."""
    before, _own.seconds = _own.seconds, seconds
    try:
        yield
    finally:
        _own.seconds = before


def wait(waiting: connection) -> None:
    """Wait until the server has answered. Raises SilentError, and closes the connection."""
    if not _doubt.is_raised:
        usual = CONNECT_SECONDS if waiting.status == STATUS_SETUP else _own.seconds
        _wait_up_to(usual, waiting)
    elif _doubt.probe.acquire(blocking=False):
        try:
            _wait_up_to(PROBE_SECONDS, waiting)
        finally:
            _doubt.probe.release()
    else:
        raise SilentError("the database has said nothing of late")


def _wait_up_to(seconds: float, waiting: connection) -> None:
    deadline = time.monotonic() + seconds
    while (state := waiting.poll()) != POLL_OK:
        # libpq may go on to another address, with another socket.
        poller = select.poll()
        poller.register(waiting, select.POLLIN if state == POLL_READ else select.POLLOUT)
        left_seconds = deadline - time.monotonic()
        if left_seconds <= 0 or not poller.poll(left_seconds * 1000):
            _doubt.is_raised = True
            raise SilentError(f"the database said nothing for {seconds:g} s")
    _doubt.is_raised = False
