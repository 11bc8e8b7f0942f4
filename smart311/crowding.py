"""Whoever has waited too long in a crowd is asked to come back, so that the others are answered.

More requests than a server can answer make a queue that grows as long as they come, and outlasts
them: in the end everybody is answered too late. Here a request that stood in its worker's queue for
longer than `LONGEST_QUEUE_SECONDS` costs a refusal only, a 503 with `Retry-After`, and nothing is
done with it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextvars import ContextVar
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from gunicorn.workers.gthread import TConn, ThreadWorker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LONGEST_QUEUE_SECONDS = 2.0
ALWAYS_ANSWERED = ("/healthz", "/metrics")
"""Who asks there asks about the crowd."""

queued_seconds: ContextVar[float] = ContextVar("queued_seconds", default=0.0)
"""How long the request of this thread stood in its worker's queue."""


class QueueWorker(ThreadWorker):  # type: ignore[misc]  # it has no types
    """gunicorn's threads, which know how long each request waited for one of them."""

    def enqueue_req(self, conn: TConn) -> None:
        """Put it into the queue of the threads."""
        conn.queued_at = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Answer it; runs in one of the threads."""
        queued_seconds.set(time.monotonic() - conn.queued_at)
        return super().handle(conn)


def turning_away(application: WSGIApplication) -> WSGIApplication:
    """The application, spared of those who waited too long."""
    # gunicorn reads the worker's class before Django is set up.
    from django.core.handlers.wsgi import WSGIRequest

    from smart311.problems import busy

    def answered(asked: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if queued_seconds.get() <= LONGEST_QUEUE_SECONDS:
            return application(asked, start_response)
        if asked["PATH_INFO"].rstrip("/") in ALWAYS_ANSWERED:
            return application(asked, start_response)
        refusal = busy(WSGIRequest(asked))
        status = HTTPStatus(refusal.status_code)
        start_response(f"{status.value} {status.phrase}", list(refusal.items()))
        return [refusal.content]

    return answered
