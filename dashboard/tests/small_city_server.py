"""A server with as much of the API as filing needs, which can be told to misbehave."""

import json
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

ALWAYS: dict[str, dict[str, Any]] = {
    "/api/v1/cities/": {
        "results": [
            {"south": 40, "north": 41, "west": -74, "east": -73, "time_zone": "America/New_York"}
        ]
    },
    "/api/v1/complaint-types/": {"results": [{"code": "rodent"}], "next": None},
    "/api/v1/statistics/": {"groups": [{"complaint_type": "rodent", "complaints": 3}]},
    "/predict": {"estimated_time": 9, "interval": {"p10": 1, "p90": 2}, "closed_within": {}},
}
SLOW_SECONDS = 0.4
EVERY = 3
"""Every third complaint meets the fault."""


class SmallCity(ThreadingHTTPServer):
    """In memory. `fault`: none, loses, doubles, slow, refuses, or fails."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, fault: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.fault = fault
        self.filings = 0
        self.by_key: dict[str, dict[str, Any]] = {}
        self.stored = [complaint({"address": "", "latitude": 40.5, "longitude": -73.5}, "rodent")]
        self.lock = Lock()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def file(self, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Store it, mostly."""
        with self.lock:
            self.filings += 1
            is_struck = self.filings % EVERY == 0
            if is_struck and self.fault in {"refuses", "fails"}:
                return (503 if self.fault == "refuses" else 500), {}
            if key not in self.by_key:
                self.by_key[key] = complaint(body, body["complaint_type"])
                if not (is_struck and self.fault == "loses"):
                    self.stored.append(self.by_key[key])
                if is_struck and self.fault == "doubles":
                    self.stored.append(complaint(body, body["complaint_type"]))
            return 201, self.by_key[key]


def complaint(body: dict[str, Any], code: str) -> dict[str, Any]:
    return {
        **body,
        "id": secrets.token_hex(8),
        "complaint_type": code,
        "status": "open",
        "closed_at": None,
        "created_at": datetime.now(UTC).isoformat(),
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SmallCity

    def do_GET(self) -> None:
        if self.path.startswith("/api/v1/complaints/"):
            with self.server.lock:
                self.answer(200, {"results": self.server.stored, "next": None})
            return
        found = [body for path, body in ALWAYS.items() if self.path.startswith(path)]
        self.answer(200 if found else 404, found[0] if found else {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.server.fault == "slow":
            time.sleep(SLOW_SECONDS)
        self.answer(*self.server.file(self.headers["Idempotency-Key"], body))

    def answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == 503:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def small_city(fault: str = "") -> Iterator[SmallCity]:
    """The server while it runs."""
    with SmallCity(fault) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
