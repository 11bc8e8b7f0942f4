"""Web, lane and worker as child processes: started together, stopped together.

Each child leads a session of its own, so that Ctrl-C reaches only us and the children are stopped
in order; what they print is passed on with their name in front.
"""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import FrameType
from typing import IO, cast

POLL_SECONDS = 0.1
STOP_SECONDS = 10
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StackError(Exception):
    """Something cannot be started or did not stay up; one line for a person."""


class Stopped(KeyboardInterrupt):
    """Somebody asked us to stop, with Ctrl-C or a signal that means the same."""


@dataclass(frozen=True)
class Service:
    """One program of the stack."""

    name: str
    command: list[str]


class Stack:
    """The running services. `say` prints a line."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, service: Service) -> None:
        """Start a service and pass its lines on."""
        process = self._popen(service, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        lines = cast(IO[str], process.stdout)
        threading.Thread(target=self._pass_on, args=(service.name, lines), daemon=True).start()

    def run(self, service: Service) -> None:
        """Run a program that draws its own progress to its end. Raises StackError if it fails."""
        process = self._popen(service)
        while process.poll() is None:
            time.sleep(POLL_SECONDS)
        del self._processes[service.name]
        if process.returncode != 0:
            raise StackError(f"{service.name} failed with exit code {process.returncode}")

    def _popen(
        self, service: Service, stdout: int | None = None, stderr: int | None = None
    ) -> "subprocess.Popen[str]":
        process = subprocess.Popen(  # noqa: S603  (our own programs)
            service.command,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._processes[service.name] = process
        return process

    def check(self) -> None:
        """Raise StackError if a service has ended."""
        for name, process in self._processes.items():
            if process.poll() is not None:
                raise StackError(f"{name} ended with exit code {process.returncode}")

    def wait_until_ready(self, addresses: Iterable[str], patience_seconds: float) -> None:
        """Return when each address answers 200. Raises StackError if not in time."""
        deadline = time.monotonic() + patience_seconds
        for address in addresses:
            while trouble := _trouble_at(address):
                self.check()
                if time.monotonic() > deadline:
                    raise StackError(
                        f"{address} is not ready after {patience_seconds:g} s: {trouble}"
                    )
                time.sleep(POLL_SECONDS)

    def watch(self) -> None:
        """Wait for ever. Raises StackError as soon as a service ends."""
        while True:
            self.check()
            time.sleep(POLL_SECONDS)

    def stop(self, patience_seconds: float = STOP_SECONDS) -> None:
        """Ask every service to end, then insist."""
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + patience_seconds
        while self._are_alive() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        # Whatever a service itself had started goes as well.
        self._signal_all(signal.SIGKILL)
        for process in self._processes.values():
            process.wait()
        self._processes.clear()

    def _are_alive(self) -> bool:
        return any(process.poll() is None for process in self._processes.values())

    def _signal_all(self, number: signal.Signals) -> None:
        for process in self._processes.values():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, number)

    def _pass_on(self, name: str, stream: IO[str]) -> None:
        with stream:
            for line in stream:
                self._say(f"{name:>8} | {line.rstrip()}")


def stop_on_signals() -> None:
    """Turn Ctrl-C, TERM and HUP into Stopped; further ones are ignored while we clean up."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in STOP_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stopped

    for number in STOP_SIGNALS:
        signal.signal(number, stop)


def check_port(host: str, port: int, variable: str) -> None:
    """Raise StackError if nothing could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as attempt:
        # As gunicorn does: connections of a run just ended are no hindrance.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise StackError(
                f"cannot listen on {host}:{port} ({reason}); choose another port: {variable}=…"
            ) from error


def _trouble_at(address: str) -> str:
    try:
        with urllib.request.urlopen(address, timeout=5):  # noqa: S310  (our own address)
            return ""
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read(500).decode(errors='replace')}"
    except (OSError, TimeoutError) as error:
        return str(error)
