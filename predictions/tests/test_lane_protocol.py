"""The lane's short way: what it answers, in which order, and what it leaves to the application."""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from complaints.tests.factories import make_type
from predictions import asgi
from predictions.lane_worker import LaneProtocol
from predictions.serving import serving
from predictions.tests.small_model import TYPICAL_HOURS, activate_small_model
from predictions.tests.test_predict_many import random_rows

pytestmark = pytest.mark.django_db

FORECAST = "/predict_async/rodent?created_date=2021-07-10T12:00:00"
LONG_WAY = "Content-Length: 0\r\n"
"""Says nothing new, but is not plain."""
Ask = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Any]]


@pytest.fixture(autouse=True)
def _model(settings: Any) -> Iterator[None]:
    for code in TYPICAL_HOURS:
        make_type(code)
    activate_small_model()
    serving.state()
    # The lane as it runs: its state in memory, so that no request touches the database.
    settings.FORECAST_REFRESH_SECONDS = 3600
    yield
    serving.forget()


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[bytes | None]:
    """What the short way gave, for each question that was plain."""
    found: list[bytes | None] = []

    def ask(*arguments: Any) -> bytes | None:
        found.append(original(*arguments))
        return found[-1]

    original = asgi.answer_at_once
    monkeypatch.setattr(asgi, "answer_at_once", ask)
    return found


def with_lane(ask: Ask) -> Any:
    """What `ask` finds on a connection to the lane."""

    async def serve() -> Any:
        config, state = Config(asgi.application, log_config=None, access_log=False), ServerState()
        state.default_headers = [(b"server", b"uvicorn")]
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: LaneProtocol(config, state, {}), "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return await asyncio.wait_for(ask(reader, writer), 60)
        finally:
            writer.close()
            server.close()

    return asyncio.run(serve())


def request(path: str, more: str = "", method: str = "GET", version: str = "1.1") -> bytes:
    return f"{method} {path} HTTP/{version}\r\nHost: lane\r\n{more}\r\n".encode()


async def one_answer(reader: asyncio.StreamReader, has_body: bool = True) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    return head + (await reader.readexactly(int(length[1])) if length and has_body else b"")


def together(*requests: bytes) -> list[bytes]:
    """The answers to requests that are sent in one piece."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> list[bytes]:
        writer.write(b"".join(requests))
        return [await one_answer(reader, not one.startswith(b"HEAD")) for one in requests]

    found: list[bytes] = with_lane(ask)
    return found


def plain(answer: bytes) -> bytes:
    """An answer without its request's id."""
    return re.sub(rb'(x-request-id: |"request_id": ")[0-9a-f]{16}', rb"\1", answer)


def test_a_thousand_questions_are_answered_as_the_long_way_does(
    at_once: list[bytes | None],
) -> None:
    chance = random.Random(311)
    paths = []
    for row in random_rows(1_000):
        kind = quote(row.pop("complaint_type"))
        # Now is another moment each time.
        row.setdefault("created_date", "2021-07-10")
        if chance.random() < 0.1:
            row[chance.choice(["latitude", "why", "other"])] = chance.choice(["true", "x\x00", ""])
        slash = chance.choice(["", "/"])
        paths.append(f"/predict_async/{kind}{slash}?{urlencode(row)}")

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for path in paths:
            writer.write(request(path) + request(path, LONG_WAY))
            short, long = await one_answer(reader), await one_answer(reader)
            assert plain(short) == plain(long)

    with_lane(ask)
    assert sum(answer is not None for answer in at_once) > 500
    assert None in at_once


def test_pipelined_questions_are_answered_in_their_order(at_once: list[bytes | None]) -> None:
    answers = together(
        request(FORECAST),
        request("/healthz"),
        request(FORECAST.replace("rodent", "lost-cause")),
        request(FORECAST, method="HEAD"),
        request("/predict_async/rodents"),
        request(FORECAST, LONG_WAY.replace("0", "3")) + b"abc",
        request(FORECAST),
    )
    starts = [answer.split(b" ")[1] for answer in answers]
    assert starts == [b"200", b"200", b"200", b"200", b"404", b"200", b"200"]
    assert answers[1].endswith(b"ok\n")
    assert b'"lost-cause"' in answers[2]
    assert answers[3].endswith(b"\r\n\r\n")
    assert plain(answers[0]) == plain(answers[5]) == plain(answers[6])
    # All that came behind /healthz had to wait for it.
    assert len(at_once) == 1


def test_without_waiting_for_its_turn_one_would_overtake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LaneProtocol, "_is_plain", lambda self: True)
    assert b"rodent" in together(request("/healthz"), request(FORECAST))[0]


def until_end(*requests: bytes) -> bytes:
    """All that comes until the lane closes the connection."""

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"".join(requests))
        return await reader.read()

    found: bytes = with_lane(ask)
    return found


def test_a_connection_is_closed_when_its_client_says_so() -> None:
    for last in (request(FORECAST, "Connection: close\r\n"), request(FORECAST, version="1.0")):
        answer = until_end(last)
        assert b"\r\nconnection: close\r\n" in answer
        assert answer.endswith(b"}")


def test_what_is_no_http_is_refused_in_our_form() -> None:
    answer = until_end(request(FORECAST), b"nonsense\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"HTTP/1.1 400 Bad Request\r\n" in answer
    assert b"application/problem+json" in answer


def test_a_defect_is_a_500_with_its_traceback_and_no_400(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: Any) -> None:
        raise RuntimeError("a defect")

    monkeypatch.setattr(asgi, "answer", fail)
    assert together(request(FORECAST))[0].startswith(b"HTTP/1.1 500 ")
    assert "a defect" in caplog.text
