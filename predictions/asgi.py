"""The lane: forecasts on an event loop and nothing else.

`gunicorn predictions.asgi:application -k predictions.lane_worker.LaneWorker` answers
`GET /predict_async/{complaint_type}` with the bytes that web answers, and `/healthz`, `/readyz`.
It never waits for the database on the request path.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import UTC, datetime
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smart311.settings")
os.environ.setdefault("SERVES_REQUESTS", "true")
django.setup()

from asgiref.sync import sync_to_async  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db import DatabaseError, InterfaceError  # noqa: E402

from predictions.answers import JSON, Answer, answer  # noqa: E402
from predictions.health import active_model, refused_model  # noqa: E402
from predictions.serving import serving  # noqa: E402
from smart311.middleware import new_request_id  # noqa: E402
from smart311.problems import CONTENT_TYPE, problem_body, shorten  # noqa: E402

logger = logging.getLogger(__name__)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

PREFIX = "/predict_async/"
# As web answers other sites' pages: a forecast is public.
ANY_ORIGIN = (b"access-control-allow-origin", b"*")
# What `_headers` gives to a forecast.
FOUND = (
    b"HTTP/1.1 200 OK\r\n%bcontent-type: application/json\r\ncontent-length: %d\r\n"
    b"x-request-id: %b\r\naccess-control-allow-origin: *\r\n\r\n%b"
)
Headers = list[tuple[bytes, bytes]]


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Answer one HTTP request, or the server's start and stop."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http":
        request_id = new_request_id()
        await _send(send, await _respond(scope, request_id), request_id, scope["method"])


async def _lifespan(receive: Receive, send: Send) -> None:
    while (message := await receive())["type"] != "lifespan.shutdown":
        if message["type"] == "lifespan.startup":
            await _known()
            await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})


async def _known() -> Any:
    """The default city's state; only a process that has none yet waits for the database."""
    try:
        return (await sync_to_async(serving.state)()).get(settings.CITY)
    except (DatabaseError, InterfaceError):
        return None


async def _respond(scope: Message, request_id: str) -> Answer:
    path = scope["path"]
    if scope["method"] not in {"GET", "HEAD"}:
        return _problem(405, f"got {shorten(scope['method'])}, expected GET", request_id)
    if path.startswith(PREFIX) and (kind := path[len(PREFIX) :].removesuffix("/")).strip("/"):
        return answer(
            _loaded() or await _known(),
            kind,
            scope["query_string"].decode("latin-1"),
            datetime.now(UTC),
            request_id,
        )
    if path.rstrip("/") == "/healthz":
        return Answer(200, "text/plain", b"ok\n")
    if path.rstrip("/") == "/readyz":
        return await _readiness()
    return _problem(404, f"There is nothing at {shorten(path)}.", request_id)


def _loaded() -> Any:
    return (serving.loaded() or {}).get(settings.CITY)


async def _readiness() -> Answer:
    trouble = await sync_to_async(active_model)()
    alert = "" if trouble else refused_model()
    body = {
        "status": "not ready" if trouble else "ready",
        "checks": {"active_model": trouble or "ok"},
        "alerts": {"refused_model": alert} if alert else {},
    }
    return Answer(503 if trouble else 200, JSON, json.dumps(body).encode())


def _problem(status: int, detail: str, request_id: str) -> Answer:
    return Answer(status, CONTENT_TYPE, problem_body(status, detail, None, request_id))


async def _send(send: Send, found: Answer, request_id: str, method: str) -> None:
    headers = _headers(found, request_id)
    await send({"type": "http.response.start", "status": found.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else found.body})


def _headers(found: Answer, request_id: str) -> Headers:
    headers = [
        (b"content-type", found.content_type.encode()),
        (b"content-length", b"%d" % len(found.body)),
        (b"x-request-id", request_id.encode()),
        ANY_ORIGIN,
    ]
    if found.headers:
        headers += [
            (name.lower().encode(), value.encode()) for name, value in found.headers.items()
        ]
    return headers


def answer_at_once(kind: str, query_string: str, server_headers: Headers) -> bytes | None:
    """The whole HTTP answer to `/predict_async/{kind}?{query_string}`, as `application` gives it.

    None for whatever is no forecast: `application` knows what to say of it.
    """
    known = _loaded()
    if known is None:
        return None
    request_id = new_request_id()
    try:
        found = answer(known, kind, query_string, datetime.now(UTC), request_id)
    # The parser of HTTP would take it for its own; `application` fails with it once more, as a 500.
    except Exception:
        logger.exception("the short way failed")
        return None
    if found.status != 200:
        return None
    of_server = b"".join([b"%b: %b\r\n" % pair for pair in server_headers])
    return FOUND % (of_server, len(found.body), request_id.encode(), found.body)
