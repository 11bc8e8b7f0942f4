"""A client light enough to run beside the server it measures: raw HTTP/1.1 over asyncio."""

import asyncio
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

READ_LIMIT = 1 << 20


@dataclass
class Result:
    """Seconds each good answer took, and how many were bad."""

    seconds: list[float] = field(default_factory=list)
    errors: int = 0
    first_error: str = ""

    def add(self, seconds: float, status: int, body: bytes) -> None:
        """Count one answer; everything but a 2xx is an error."""
        if 200 <= status < 300:
            self.seconds.append(seconds)
            return
        self.errors += 1
        self.first_error = self.first_error or f"{status} {body[:300].decode(errors='replace')}"

    def milliseconds(self, percent: int) -> float:
        """A percentile of the good answers."""
        if len(self.seconds) < 2:
            return float("nan")
        return statistics.quantiles(self.seconds, n=100)[percent - 1] * 1000


class Client:
    """One keep-alive connection."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """Status and body; a connection that the server has closed meanwhile is made again."""
        for _ in range(2):
            try:
                return await self._send(request)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.close()
        raise ConnectionError(f"{self._host}:{self._port} closes connections without an answer")

    async def _send(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=READ_LIMIT)
        reader, writer = self._streams
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await reader.readexactly(length)
        if b"connection: close" in head:
            self.close()
        return int(head[9:12]), body

    def close(self) -> None:
        """Give the connection up."""
        if self._streams:
            self._streams[1].close()
        self._streams = None


def get(path: str) -> bytes:
    """The bytes of a GET."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def post(path: str, body: Any, key: str = "") -> bytes:
    """The bytes of a POST of JSON, with an idempotency key if there is one."""
    content = json.dumps(body).encode()
    key_line = f"Idempotency-Key: {key}\r\n" if key else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"{key_line}Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def as_fast_as_possible(
    address: str, requests: Iterator[bytes], clients: int, seconds: float
) -> Result:
    """Each client sends its next request as soon as its last one is answered."""
    result = Result()
    until = time.perf_counter() + seconds

    async def run() -> None:
        client = Client(address)
        while (started := time.perf_counter()) < until:
            status, body = await client.send(next(requests))
            result.add(time.perf_counter() - started, status, body)
        client.close()

    await asyncio.gather(*(run() for _ in range(clients)))
    return result


async def at_random_times(
    address: str,
    kinds: dict[str, tuple[float, Callable[[], bytes]]],
    seconds: float,
    seed: int = 311,
) -> dict[str, Result]:
    """Requests of each kind so many times a second, whether or not earlier ones are answered.

    The times are random (Poisson); waiting for a free connection counts.
    """
    results = {kind: Result() for kind in kinds}
    idle: list[Client] = []
    running: set[asyncio.Task[None]] = set()

    async def send(kind: str, request: bytes) -> None:
        started = time.perf_counter()
        client = idle.pop() if idle else Client(address)
        try:
            status, body = await client.send(request)
        except OSError as error:
            status, body = 0, str(error).encode()
        results[kind].add(time.perf_counter() - started, status, body)
        idle.append(client)

    start = time.perf_counter()
    for at, kind in arrivals({kind: rate for kind, (rate, _) in kinds.items()}, seconds, seed):
        await asyncio.sleep(max(0.0, start + at - time.perf_counter()))
        task = asyncio.create_task(send(kind, kinds[kind][1]()))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    for client in idle:
        client.close()
    return results


def arrivals(rates: dict[str, float], seconds: float, seed: int) -> Iterator[tuple[float, str]]:
    """Times in seconds from the start, each with its kind, in order."""
    chance = random.Random(seed)  # noqa: S311  (no secret)
    kinds, weights = list(rates), list(rates.values())
    at = chance.expovariate(sum(weights))
    while at < seconds:
        yield at, chance.choices(kinds, weights)[0]
        at += chance.expovariate(sum(weights))
