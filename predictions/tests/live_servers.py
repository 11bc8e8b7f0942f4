"""Web and lane as they run in production, on the test's database, and clients that ask them."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import quote

from django.conf import settings
from django.db import connection

WEB = ["-k", "gthread", "--workers", "2", "--threads", "4", "smart311.wsgi"]
LANE = ["-k", "predictions.lane_worker.LaneWorker", "predictions.asgi:application"]
READY_SECONDS = 60


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def serving_processes(what: list[str]) -> Iterator[int]:
    """gunicorn on the test's database; answers its port when it is ready."""
    port = free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "--no-control-socket", "--log-level", "warning"),
        *("--bind", f"127.0.0.1:{port}", "--chdir", str(settings.BASE_DIR), *what),
    ]
    process = subprocess.Popen(command, env=_environment(), start_new_session=True)
    try:
        _wait_until_ready(process, port)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _environment() -> dict[str, str]:
    connection.ensure_connection()
    place = connection.connection.info
    login = f"{quote(place.user, safe='')}:{quote(place.password or '', safe='')}"
    address = f"{quote(place.host, safe='')}:{place.port}"
    return os.environ | {
        "DATABASE_URL": f"postgres://{login}@{address}/{place.dbname}",
        "SECRET_KEY": "of a test",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SERVES_REQUESTS": "true",
    }


def _wait_until_ready(process: subprocess.Popen[bytes], port: int) -> None:
    deadline, trouble = time.monotonic() + READY_SECONDS, ""
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server has ended"
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
        except urllib.error.HTTPError as error:
            trouble = error.read().decode()
            time.sleep(0.5)
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing is ready on port {port}: {trouble}")


@dataclass(frozen=True)
class Heard:
    """One answer, when it came, and what was asked."""

    at: float
    path: str
    status: int
    body: bytes


@dataclass
class Asker:
    """Clients that ask without pause, each over one connection kept alive."""

    port: int
    paths: list[str]
    clients: int
    heard: list[Heard] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(self.clients)]

    def __enter__(self) -> Asker:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        while not self._stop.is_set():
            for path in self.paths:
                try:
                    line.request("GET", path)
                    answer = line.getresponse()
                    body = answer.read()
                except (OSError, http.client.HTTPException) as error:
                    self.failures.append(f"{path}: {error!r}")
                    line.close()
                else:
                    self.heard.append(Heard(time.monotonic(), path, answer.status, body))
            # Two cores are shared by servers, clients and the database.
            time.sleep(0.005)
        line.close()
