"""Smart 311 as `manage.py start` runs it, with a database of its own, for tests from outside."""

import contextlib
import itertools
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil
import psycopg2

from smart311.embedded_postgres import postmaster
from smart311.embedded_postgres.server import EmbeddedServer
from smart311.management.commands.start import lane_command, web_command
from smart311.tests.embedded_workshop import PROJECT, eventually

MANAGE = [sys.executable, str(PROJECT / "manage.py")]
PREPARE = """
import django
django.setup()
from django.core.management import call_command
call_command("migrate", verbosity=0)
call_command("load_city", "fixtures/nyc", verbosity=0)
from predictions.tests.small_model import activate_small_model
activate_small_model()
"""
MAKE_KEY = """
import django, sys
django.setup()
from smart311.accounts.tests.people import make_key, make_user
print(make_key(make_user(sys.argv[1], sys.argv[1]))[1])
"""
COUNT = """
SELECT
    (SELECT count(*) FROM complaints_complaint), (SELECT count(*) FROM complaints_complaintevent),
    (SELECT count(*) FROM complaints_reporter), (SELECT count(*) FROM complaints_intakereceipt)
"""
GOOD = {"complaint_type": "noise-residential", "latitude": 40.75, "longitude": -73.85}
LIMITS = ("ANONYMOUS_FILING", "ANONYMOUS_READING", "KEY_FILING", "KEY_READING", "FAILED_KEYS")
FILE = "/api/v1/complaints/"
READ = (
    "/api/v1/complaints/?page_size=1",
    "/api/v1/complaints.csv",
    "/complaints/noise-residential?hour=3",
    "/api/v1/agencies/",
)


class Deployment:
    """A database with a city and a model, and the servers on it."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="smart311-test-", dir="/tmp"))
        self.server = EmbeddedServer(self.root / "postgres")
        self.environment = {
            **os.environ,
            "VAR_FOLDER": str(self.root),
            "DJANGO_SETTINGS_MODULE": "smart311.settings",
            "PYTHONPATH": str(PROJECT),
            # Throttles are tried elsewhere.
            **{f"LIMIT_{name}": "1000000" for name in LIMITS},
        }
        for name in ("DATABASE_URL", "SERVES_REQUESTS"):
            self.environment.pop(name, None)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.web_port, self.lane_port = free_ports(2)

    def make_key(self, role: str) -> str:
        """The API key of a new account with a role."""
        done = subprocess.run(
            [sys.executable, "-c", MAKE_KEY, role],
            env=self.environment,
            cwd=PROJECT,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    @property
    def web(self) -> str:
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def lane(self) -> str:
        return f"http://127.0.0.1:{self.lane_port}"

    @property
    def log(self) -> Path:
        return self.root / "servers.log"

    def prepare(self) -> None:
        """Make the database, with New York in it and a small model."""
        subprocess.run(
            [sys.executable, "-c", PREPARE], env=self.environment, cwd=PROJECT, check=True
        )

    def start_web(self, application: str = "smart311.wsgi") -> None:
        """Start it; `application` may be one with a protection off."""
        self.start([*web_command(f"127.0.0.1:{self.web_port}")[:-1], application])
        eventually(lambda: self.answers(f"{self.web}/readyz"), 60)

    def start_lane(self) -> None:
        self.start(lane_command(f"127.0.0.1:{self.lane_port}"))
        eventually(lambda: self.answers(f"{self.lane}/readyz"), 60)

    def start(self, command: list[str]) -> None:
        with self.log.open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    command,
                    env=self.environment,
                    cwd=PROJECT,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            )

    def answers(self, address: str) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(address, timeout=10).status_code == 200
        return False

    def stop_servers(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        self.processes.clear()

    def clean_up(self) -> None:
        self.stop_servers()
        self.server.stop()
        shutil.rmtree(self.server.place.home, ignore_errors=True)
        shutil.rmtree(self.root, ignore_errors=True)

    def ask(self, statement: str) -> tuple[int, ...]:
        """The first row of a query's answer, over a connection of its own."""
        place = self.server.place
        with contextlib.closing(
            psycopg2.connect(
                dbname="smart311",
                host=str(place.socket_folder),
                port=postmaster.PORT,
                user="smart311",
                password=place.password.read_text(),
            )
        ) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                row = cursor.fetchone()
                assert row is not None
                return row

    def counts(self) -> tuple[int, ...]:
        """Rows of the tables that filing writes."""
        return self.ask(COUNT)

    def file_one(self, **options: object) -> httpx.Response:
        """File a good complaint over a new connection."""
        return httpx.post(f"{self.web}{FILE}", json=GOOD, timeout=30, **options)  # type: ignore[arg-type]

    def database_processes(self) -> list[psutil.Process]:
        """The postmaster and everything it started."""
        running = postmaster.find(self.server.place)
        assert running is not None
        main = psutil.Process(running.pid)
        return [main, *main.children()]

    def restart_database(self) -> None:
        """A fast shutdown: sessions are ended. Whoever needs the server first starts it again."""
        place = self.server.place
        before = postmaster.find(place)
        assert before is not None
        os.kill(before.pid, signal.SIGINT)

        def is_back() -> bool:
            now = postmaster.find(place)
            return now is not None and now.pid != before.pid and postmaster.is_listening(place)

        eventually(is_back, 60)

    @contextlib.contextmanager
    def frozen_database(self) -> Iterator[None]:
        """The database, stopped in the middle of whatever it does."""
        frozen = self.database_processes()
        for process in frozen:
            process.suspend()
        try:
            yield
        finally:
            for process in frozen:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()


@dataclass
class Seen:
    """One request as its client saw it; times in seconds of the monotonic clock."""

    began_at: float
    ended_at: float
    status: int
    content_type: str
    retry_after: str

    @property
    def seconds(self) -> float:
        return self.ended_at - self.began_at


@dataclass
class Traffic:
    """Clients that file (each complaint with its key, until acknowledged) or read, and what they
    saw."""

    deployment: Deployment
    clients: int = 8
    seen: list[Seen] = field(default_factory=list)

    def __enter__(self) -> "Traffic":
        self._is_over = threading.Event()
        paths = itertools.cycle(READ)
        self._threads = [
            threading.Thread(target=self._run, args=(None if each % 2 else next(paths),))
            for each in range(self.clients)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    @property
    def filed(self) -> int:
        return sum(each.status == 201 for each in self.seen)

    def refusals(self) -> set[tuple[int, str, str]]:
        """Status, media type and Retry-After of the answers that nobody wished for."""
        return {
            (each.status, each.content_type, each.retry_after)
            for each in self.seen
            if each.status >= 300
        }

    def first_success_since(self, moment: float) -> float:
        """Seconds from then until somebody was answered as he wished."""
        ends = [each.ended_at for each in self.seen if each.status < 300]
        return min(end for end in ends if end > moment) - moment

    def _run(self, path: str | None) -> None:
        with httpx.Client(base_url=self.deployment.web, timeout=60) as client:
            while not self._is_over.wait(0.2):
                if path:
                    self._note(lambda: client.get(path))
                else:
                    self._file(client)

    def _file(self, client: httpx.Client) -> None:
        """File one complaint, again and again with its key until it is acknowledged."""
        headers = {"Idempotency-Key": secrets.token_hex(16)}
        while self._note(lambda: client.post(FILE, json=GOOD, headers=headers)) != 201:
            time.sleep(0.2)

    def _note(self, send: Callable[[], httpx.Response]) -> int:
        began_at = time.monotonic()
        response = send()
        content_type = response.headers["Content-Type"]
        retry_after = response.headers.get("Retry-After", "")
        status, ended_at = response.status_code, time.monotonic()
        self.seen.append(Seen(began_at, ended_at, status, content_type, retry_after))
        return status


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on just now."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
