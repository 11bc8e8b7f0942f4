"""A portal on this machine that behaves like Socrata's SODA 2.1, faults included."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

ID = "abcd-1234"
_SINCE = re.compile(r":updated_at >= '([^']+)'")


def soda_row(number: int, **changes: Any) -> dict[str, Any]:
    """A row of New York's dataset as JSON has it: numbers are strings, null keys are absent."""
    return {
        ":id": f"row-{number:06}",
        ":created_at": "2026-01-05T00:00:00.000Z",
        ":updated_at": "2026-01-05T00:00:00.000Z",
        "unique_key": str(number),
        "created_date": "2020-01-08T09:00:00.000",
        "agency": "HPD",
        "complaint_type": "PLUMBING",
        "status": "Open",
        "latitude": "40.75",
        "longitude": "-73.85",
        **changes,
    }


@dataclass
class Portal:
    """Its rows, what it does wrong next, and what it was asked."""

    rows: list[dict[str, Any]]
    faults: list[str] = field(default_factory=list)
    asked: list[dict[str, str]] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)
    slow_seconds: float = 0.0
    host: str = ""

    @property
    def dataset(self) -> str:
        """What an import names."""
        return f"{self.host}/{ID}"

    def chosen(self, query: dict[str, str]) -> list[dict[str, Any]]:
        """The rows of a page."""
        rows = sorted(self.rows, key=lambda row: row[":id"])
        if match := _SINCE.search(query.get("$where", "")):
            rows = [row for row in rows if row[":updated_at"] >= match[1]]
        first = int(query.get("$offset", 0))
        return rows[first : first + int(query.get("$limit", 1000))]


@contextmanager
def serving(portal: Portal) -> Iterator[Portal]:
    """The portal on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments: Any) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            """Answer a page, or with the next fault."""
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            portal.asked.append(query)
            portal.tokens.append(self.headers.get("X-App-Token"))
            time.sleep(portal.slow_seconds)
            body = json.dumps(portal.chosen(query)).encode()
            fault = portal.faults.pop(0) if portal.faults else ""
            if fault.isdigit():
                self._answer(int(fault), b"{}", {"Retry-After": "0"})
            elif fault == "redirect":
                self._answer(302, b"", {"Location": "http://127.0.0.1:1/"})
            elif fault == "cut":
                self._answer(200, body, cut=True)
            elif fault == "half":
                self._answer(200, body[: len(body) // 2])
            else:
                self._answer(200 if url.path == f"/resource/{ID}.json" else 404, body)

        def _answer(
            self,
            status: int,
            body: bytes,
            headers: dict[str, str] | None = None,
            cut: bool = False,
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if cut else body)
            if cut:
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    portal.host = f"127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield portal
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
