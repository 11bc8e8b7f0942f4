"""The stack as `manage.py start` deploys it, with a database of its own, started to be loaded.

Where nginx is installed it stands before web and lane. Limits are raised, since a load test is one
address; the processes are watched: memory and processor time of web, lane, worker, nginx and
PostgreSQL.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from proxy import NGINX, ProxyError, nginx, with_ports, without_limit

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, str(ROOT / "manage.py")]
READY_SECONDS = 1800
"""The first start trains a model."""
STOP_SECONDS = 60
WATCH_SECONDS = 2.0
RAISED = "100000000"
LIMITS = ("ANONYMOUS_FILING", "ANONYMOUS_READING", "KEY_FILING", "KEY_READING")
SERVICES = {"smart311.wsgi": "web", "predictions.asgi": "lane", "db_worker": "worker"}
DATA_FOLDER = re.compile(r"data in (.+?)(?: \(|$)", re.MULTILINE)
SIZE = (
    "from django.db import connection as c; k = c.cursor();"
    "k.execute('SELECT pg_database_size(current_database()), count(*) FROM complaints_complaint');"
    "print('size', *k.fetchone())"
)


class LoadError(Exception):
    """The stack cannot be started or loaded; one line for a person."""


@dataclass(frozen=True)
class Processors:
    """Which processors serve and which make the load; the same where there is only one."""

    server: tuple[int, ...]
    generator: tuple[int, ...]

    @classmethod
    def share(cls, wanted: bool = True) -> "Processors":
        """A quarter, at least one, for the generator; everything for both if not wanted."""
        if not hasattr(os, "sched_getaffinity"):
            return cls((), ())
        found = tuple(sorted(os.sched_getaffinity(0)))
        if len(found) < 2 or not wanted:
            return cls(found, found)
        cut = len(found) - max(1, len(found) // 4)
        return cls(found[:cut], found[cut:])


def pinned(processors: tuple[int, ...]) -> Any:
    """What a child does before it begins."""
    return (lambda: os.sched_setaffinity(0, processors)) if processors else None


@dataclass
class Watch:
    """Megabytes and processor seconds by service; `memory` has the seconds of each reading."""

    memory: list[tuple[float, dict[str, float]]] = field(default_factory=list)
    _seconds: dict[tuple[str, int], tuple[float, float]] = field(default_factory=dict)

    def read(self, at: float, found: Iterator[tuple[str, psutil.Process]]) -> None:
        """One reading of every process."""
        megabytes: dict[str, float] = {}
        for service, process in found:
            try:
                used, times = process.memory_full_info().pss, process.cpu_times()
            except psutil.Error:
                continue
            megabytes[service] = megabytes.get(service, 0.0) + used / 1e6
            spent = times.user + times.system
            first = self._seconds.get((service, process.pid), (spent, spent))[0]
            self._seconds[service, process.pid] = (first, spent)
        self.memory.append((round(at, 1), {name: round(mb, 1) for name, mb in megabytes.items()}))

    def processor_seconds(self) -> dict[str, float]:
        """Of each service since the first reading."""
        spent: dict[str, float] = {}
        for (service, _), (first, last) in self._seconds.items():
            spent[service] = round(spent.get(service, 0.0) + last - first, 2)
        return spent

    def growth_share(self) -> float | None:
        """How much Python's processes grew, from the second tenth of the run to the last.

        The first tenth fills caches. PostgreSQL's buffers fill up to their size.
        """
        python = [sum(row.get(name, 0.0) for name in SERVICES.values()) for _, row in self.memory]
        tenth = len(python) // 10
        if not tenth:
            return None
        before, after = python[tenth : 2 * tenth], python[-tenth:]
        return round(sum(after) / sum(before) - 1, 4)


class Stack:
    """The running stack."""

    def __init__(self, folder: Path, processors: Processors) -> None:
        self.folder = folder.resolve()
        self.processors = processors
        self.web, self.lane, self.front = free_port(), free_port(), free_port()
        self.proxy: subprocess.Popen[bytes] | None = None
        self.log = self.folder / "stack.log"
        self.password = self._password()
        self.environment = {
            **os.environ,
            "VAR_FOLDER": str(self.folder),
            "HOST": "127.0.0.1",
            "PORT": str(self.web),
            "LANE_PORT": str(self.lane),
            "ADMIN_USERNAME": "load",
            "ADMIN_PASSWORD": self.password,
            "TRUSTED_PROXIES": "1" if NGINX else "0",
            **{f"LIMIT_{name}": RAISED for name in LIMITS},
        }

    @property
    def address(self) -> str:
        """Where web answers, or nginx for it."""
        return f"http://127.0.0.1:{self.front if NGINX else self.web}"

    @property
    def lane_address(self) -> str:
        """Where the lane answers, or nginx for it."""
        return f"http://127.0.0.1:{self.front if NGINX else self.lane}"

    def _password(self) -> str:
        """The staff login's, kept beside the database that knows it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "staff-password"
        if not file.exists():
            file.touch(0o600)
            file.write_text(os.urandom(16).hex())
        return file.read_text()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it, wait until it answers, stop it at the end. Raises LoadError."""
        with self.log.open("w") as log:
            self.process = subprocess.Popen(  # noqa: S603  (our own program)
                [*MANAGE, "start"],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=pinned(self.processors.server),
            )
        try:
            self._wait()
            with self._proxied():
                yield
        finally:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_SECONDS)

    @contextmanager
    def _proxied(self) -> Iterator[None]:
        if not NGINX:
            yield
            return
        settings = without_limit(with_ports(self.front, self.web, self.lane))
        begin = pinned(self.processors.server)
        try:
            with nginx(self.folder / "nginx", settings, self.front, begin) as self.proxy:
                yield
        except ProxyError as error:
            raise LoadError(str(error)) from error

    def _wait(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        # `Ctrl-C stops …` is the last line: the admin login exists by then.
        while "Ctrl-C stops everything" not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > deadline:
                last = self.log.read_text().strip().splitlines()[-5:]
                raise LoadError("the stack did not start:\n" + "\n".join(last))
            time.sleep(0.5)

    def manage(self, *words: str) -> str:
        """Run a command of manage.py on its database. Raises LoadError."""
        done = subprocess.run(  # noqa: S603  (our own program)
            [*MANAGE, *words], env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise LoadError(f"manage.py {words[0]} failed: {done.stderr.strip()[-500:]}")
        return done.stdout

    def size(self) -> tuple[int, int]:
        """Bytes of the database, and complaints in it."""
        words = next(
            line.split() for line in self.manage("shell", "-v", "0", "-c", SIZE).splitlines()
            if line.startswith("size")
        )  # fmt: skip
        return int(words[1]), int(words[2])

    def processes(self) -> Iterator[tuple[str, psutil.Process]]:
        """Each process with its service."""
        for process in psutil.Process(self.process.pid).children(recursive=True):
            try:
                words = " ".join(process.cmdline())
            except psutil.Error:
                continue
            for sign, service in SERVICES.items():
                if sign in words:
                    yield service, process
        leaders = {"postgres": self._postmaster()}
        leaders["nginx"] = psutil.Process(self.proxy.pid) if self.proxy else None
        for service, leader in leaders.items():
            if leader:
                yield service, leader
                yield from ((service, child) for child in leader.children(recursive=True))

    def _postmaster(self) -> psutil.Process | None:
        found = DATA_FOLDER.search(self.log.read_text())
        try:
            return psutil.Process(int(Path(found[1], "postmaster.pid").read_text().split()[0]))
        except (TypeError, OSError, ValueError, psutil.Error):
            return None

    @contextmanager
    def watched(self) -> Iterator[Watch]:
        """Read memory and processor time every two seconds meanwhile."""
        watch, done, began = Watch(), threading.Event(), time.monotonic()

        def look() -> None:
            while True:
                watch.read(time.monotonic() - began, self.processes())
                if done.wait(WATCH_SECONDS):
                    return

        thread = threading.Thread(target=look, daemon=True)
        thread.start()
        try:
            yield watch
        finally:
            done.set()
            thread.join()
            watch.read(time.monotonic() - began, self.processes())


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
