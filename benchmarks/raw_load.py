"""A load generator that costs little: keep-alive connections and a selector, no event loop.

One process on one core sends several times what a Python server on another can answer.
"""

import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

READ_BYTES = 1 << 18


@dataclass
class Load:
    """Seconds each answer took, in the order in which they came, and over what time."""

    seconds: list[float] = field(default_factory=list)
    took: float = 0.0
    errors: int = 0
    first_error: bytes = b""

    @property
    def answers(self) -> int:
        """Good and bad."""
        return len(self.seconds) + self.errors

    @property
    def per_second(self) -> float:
        """Good answers a second."""
        return len(self.seconds) / self.took

    def milliseconds(self, share: float) -> float:
        """A quantile of the times."""
        ordered = sorted(self.seconds)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)] * 1000


@dataclass
class _Line:
    """One connection: when it asked, and what has come since."""

    connection: socket.socket
    asked_at: float = 0.0
    came: bytearray = field(default_factory=bytearray)

    def ask(self, request: bytes, at: float) -> None:
        self.asked_at = at
        self.connection.sendall(request)

    def answer(self) -> bytes | None:
        """The whole answer, once it is there."""
        self.came += self.connection.recv(READ_BYTES) or _closed()
        head, found, body = self.came.partition(b"\r\n\r\n")
        if not found:
            return None
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return None
        whole, self.came = bytes(self.came), bytearray()
        return whole


def _closed() -> bytes:
    raise ConnectionError("the server closed the connection")


def flat_out(port: int, requests: Iterator[bytes], clients: int, seconds: float) -> Load:
    """Each client asks again as soon as it is answered; it goes on until one answer has come."""
    load = Load()
    with selectors.DefaultSelector() as selector:
        lines = [_open(port, selector) for _ in range(clients)]
        started = time.perf_counter()
        for line in lines:
            line.ask(next(requests), time.perf_counter())
        while (now := time.perf_counter()) < started + seconds or not load.answers:
            for key, _ in selector.select(1):
                if _take(load, key.data):
                    key.data.ask(next(requests), time.perf_counter())
        load.took = now - started
        _close(lines)
    return load


def at_rate(port: int, requests: Iterator[bytes], rate: float, seconds: float) -> Load:
    """So many a second, evenly; one that finds every connection busy waits, which counts."""
    load = Load()
    with selectors.DefaultSelector() as selector:
        lines = [_open(port, selector) for _ in range(16)]
        # In turn: a server closes a connection on which nothing comes for seconds.
        idle = deque(lines)
        started = time.perf_counter()
        due, number = started, 0
        while (now := time.perf_counter()) < started + seconds:
            while due <= now and idle:
                # The time it was due, not when it could be sent.
                idle.popleft().ask(next(requests), due)
                number += 1
                due = started + number / rate
            for key, _ in selector.select(max(0.0, min(due - time.perf_counter(), 0.01))):
                if _take(load, key.data):
                    idle.append(key.data)
        load.took = now - started
        _close(lines)
    return load


def _open(port: int, selector: selectors.BaseSelector) -> _Line:
    connection = socket.create_connection(("127.0.0.1", port), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line = _Line(connection)
    selector.register(connection, selectors.EVENT_READ, line)
    return line


def _take(load: Load, line: _Line) -> bool:
    """Read what came; whether the answer is whole."""
    whole = line.answer()
    if whole is None:
        return False
    if whole[9:10] == b"2":
        load.seconds.append(time.perf_counter() - line.asked_at)
    else:
        load.errors += 1
        load.first_error = load.first_error or whole[:500]
    return True


def _close(lines: list[_Line]) -> None:
    for line in lines:
        line.connection.close()
