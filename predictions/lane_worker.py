"""The lane's gunicorn worker: uvicorn with its event loop and its parser in C."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker

# Nothing quoted in the path, and no fragment.
FORECAST = re.compile(rb"/predict_async/([\w-]+)/?(?:\?([!\"$-~]*))?")
WITH_MORE_TO_COME = {b"content-length", b"transfer-encoding", b"expect", b"upgrade"}


class LaneProtocol(HttpToolsProtocol):
    """HTTP as httptools reads it, which knows no methods but the registered ones.

    A plain question that goes well is answered while it is read, in its turn among those of its
    connection: no task, no messages of ASGI. All others go through the application.
    """

    def on_headers_complete(self) -> None:
        """Answer at once, or begin the long way."""
        asked = FORECAST.fullmatch(self.url)
        found = self._at_once(*asked.groups()) if asked and self._is_plain() else None
        if found is None:
            super().on_headers_complete()
        else:
            self.transport.write(found)
            self.on_response_complete()

    def on_message_complete(self) -> None:
        """Tell whoever reads the body, if somebody does."""
        if self.cycle is not None:
            super().on_message_complete()

    def _is_plain(self) -> bool:
        """Whether it is a question like most, and nothing has to be waited for before it."""
        return (
            self.parser.get_method() == b"GET"
            and self.parser.get_http_version() == "1.1"
            and self.parser.should_keep_alive()
            and WITH_MORE_TO_COME.isdisjoint(name for name, _ in self.headers)
            and (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and not self.access_log
            and self.limit_concurrency is None
        )

    def _at_once(self, kind: bytes, query: bytes | None) -> bytes | None:
        # Only a worker has Django; its class is read before it is set up.
        from predictions.asgi import answer_at_once

        head = self.server_state.default_headers
        return answer_at_once(kind.decode(), (query or b"").decode(), head)

    def send_400_response(self, msg: str) -> None:
        """Refuse with a problem document what is no valid HTTP."""
        # Only a worker has Django; its class is read before it is set up.
        from smart311.problems import CONTENT_TYPE, problem_body

        body = problem_body(400, msg, None, "")
        head = (
            "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
            f"Content-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()


class LaneWorker(UvicornWorker):  # type: ignore[misc]  # it has no types
    """What `gunicorn -k` is given."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        "loop": "uvloop",
        "http": LaneProtocol,
        # Nobody asks it by WebSocket, and it is behind a proxy or nothing.
        "ws": "none",
    }
