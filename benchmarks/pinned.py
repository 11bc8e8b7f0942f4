"""Servers on one core, whoever asks them on the other, and what they cost there."""

import contextlib
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
READY_SECONDS = 60
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, CLIENT_CORE = CORES[0], CORES[-1]


@dataclass(frozen=True)
class Contender:
    """A server: how it is started (`{port}` is filled in) and what it is asked when ready."""

    name: str
    command: list[str]
    path: str = "/"
    environment: tuple[tuple[str, str], ...] = ()


@dataclass
class Server:
    """A contender that runs."""

    port: int
    process: psutil.Process
    ready_seconds: float

    def tree(self) -> list[psutil.Process]:
        """Its processes."""
        return [self.process, *self.process.children(recursive=True)]

    def cpu_seconds(self) -> float:
        """Processor time of all of them, user and system."""
        times = [process.cpu_times() for process in self.tree()]
        return sum(time.user + time.system for time in times)

    def worker_megabytes(self) -> float:
        """Resident memory of the largest process."""
        return max(process.memory_info().rss for process in self.tree()) / 2**20

    def peak_megabytes(self) -> float:
        """The most memory that one of the processes ever had."""
        return max(_peak_kilobytes(process.pid) for process in self.tree()) / 2**10


def _peak_kilobytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def pin_client() -> None:
    """Let this process, and what it starts unpinned, run beside the server."""
    os.sched_setaffinity(0, {CLIENT_CORE})


@contextlib.contextmanager
def running(contender: Contender, environment: dict[str, str], log: Path) -> Iterator[Server]:
    """The contender on its core, ready; stopped afterwards, whatever happens."""
    port = free_port()
    command = [part.format(port=port) for part in contender.command]
    started = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  (our own programs)
            command, cwd=ROOT, stdout=output, stderr=output, start_new_session=True,
            env={**environment, **dict(contender.environment)},
            preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
        )  # fmt: skip
    try:
        _wait(process, f"http://127.0.0.1:{port}{contender.path}", log)
        yield Server(port, psutil.Process(process.pid), time.perf_counter() - started)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    deadline, trouble = time.monotonic() + READY_SECONDS, "nothing answers"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise SystemExit(f"a contender ended:\n{log.read_text()[-3000:]}")
        try:
            urllib.request.urlopen(address, timeout=10).close()  # noqa: S310  (our own address)
        except OSError as error:
            trouble = str(error)
            time.sleep(0.02)
        else:
            return
    raise SystemExit(f"{address} is not ready: {trouble}\n{log.read_text()[-3000:]}")
