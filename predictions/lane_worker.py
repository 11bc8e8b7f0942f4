"""The lane's gunicorn worker: uvicorn with its event loop and its parser in C."""

from __future__ import annotations

from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker


class LaneProtocol(HttpToolsProtocol):
    """HTTP as httptools reads it, which knows no methods but the registered ones."""

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
