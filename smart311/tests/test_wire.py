"""What comes over the wire: half a request, two at once, or no HTTP at all.

After each of them a good request is answered, and exactly the whole complaints are stored.
"""

import errno
import json
import random
import re
import socket
import time

import httpx
import pytest

from smart311.bodies import STALLED_AFTER_SECONDS
from smart311.parsers import MAX_BODY_BYTES
from smart311.tests.deployment import FILE, GOOD, Deployment

pytestmark = pytest.mark.slow

BODY = json.dumps(GOOD).encode()
HEAD = f"POST {FILE} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
CLOSE = b"Connection: close\r\n"
WHOLE = HEAD + LENGTH + CLOSE + b"\r\n" + BODY


def chunks(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in (*parts, b""))


def exchange(port: int, sent: bytes, half_close: bool = False, seconds: float = 30) -> bytes:
    """Everything the server says until it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as connection:
        heard = b""
        try:
            connection.sendall(sent)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                heard += piece
        except (ConnectionResetError, BrokenPipeError):
            pass  # it has heard enough
        except OSError as error:
            if error.errno != errno.ENOTCONN:
                raise
        return heard


def statuses(heard: bytes) -> list[int]:
    """The status of each answer on the connection."""
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3}) ", heard)]


# What is sent, and the statuses of the answers; each ends the connection.
TAKEN = {
    "a body of one chunk": CHUNKED + chunks(BODY),
    "a body of many chunks": CHUNKED
    + chunks(*(BODY[at : at + 7] for at in range(0, len(BODY), 7))),
    "chunks with extensions": CHUNKED + b"%x;a=b\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY),
    "chunks with a trailer": CHUNKED + b"%x\r\n%b\r\n0\r\nX-Sum: 5\r\n\r\n" % (len(BODY), BODY),
    "HTTP/1.0": WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0"),
    "a body that was announced": HEAD + LENGTH + CLOSE + b"Expect: 100-continue\r\n\r\n" + BODY,
}
REFUSED = {
    "a body cut off": (HEAD + b"Content-Length: 50\r\n" + CLOSE + b'\r\n{"lat": 40.1}', [400]),
    "a body cut off whose beginning is a complaint": (
        HEAD + b"Content-Length: %d\r\n" % (len(BODY) + 9) + CLOSE + b"\r\n" + BODY,
        [400],
    ),
    "a chunk cut off": (CHUNKED + b"%x\r\n" % len(BODY) + BODY[:20], [400]),
    "no last chunk": (CHUNKED + chunks(BODY)[:-5], [400]),
    "half a last chunk": (CHUNKED + chunks(BODY)[:-2], [400]),
    "a chunk size that is no number": (CHUNKED + b"zz\r\n" + BODY + b"\r\n0\r\n\r\n", [400]),
    "a negative chunk size": (CHUNKED + b"-5\r\n" + BODY + b"\r\n0\r\n\r\n", [400]),
    "a chunk longer than its size": (CHUNKED + b"5\r\n" + BODY + b"\r\n0\r\n\r\n", [400]),
    "an empty chunked body": (CHUNKED + chunks(), [400]),
    "two lengths": (HEAD + LENGTH + b"Content-Length: 3\r\n\r\n" + BODY, [400]),
    "the same length twice": (HEAD + LENGTH + LENGTH + b"\r\n" + BODY, [400]),
    "a length and chunks": (
        HEAD + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(BODY),
        [400],
    ),
    "a coding nobody knows": (HEAD + b"Transfer-Encoding: gzip\r\n\r\n" + BODY, [400]),
    "a negative length": (HEAD + b"Content-Length: -5\r\n\r\n" + BODY, [400]),
    "a length that is no number": (HEAD + b"Content-Length: 1_0\r\n\r\n" + BODY, [400]),
    "a length of 400 digits": (HEAD + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n" + BODY, [413]),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100, []),
    "a line without end": (b"GET /" + b"a" * 8_300, [414]),
    "a path without end": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", [414]),
    "ten thousand headers": (HEAD + b"X-A: b\r\n" * 10_000 + b"\r\n", [431]),
    "a header of a megabyte": (HEAD + b"X-A: " + b"b" * 1_000_000 + b"\r\n\r\n", [431]),
    "a header without a name": (HEAD + b": b\r\n\r\n", [400]),
    "a header with a NUL": (HEAD + b"X-A: a\x00b\r\n\r\n", [400]),
    "HTTP/9.9": (WHOLE.replace(b"HTTP/1.1", b"HTTP/9.9"), [400]),
    "a header without a colon": (HEAD + b"nonsense\r\n\r\n", [400]),
}


def check_it_lives(deployment: Deployment) -> None:
    """A good request over a new connection is answered by every worker we happen to meet."""
    for _ in range(4):
        assert httpx.get(f"{deployment.web}/healthz", timeout=10).status_code == 200


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN)
def test_a_whole_complaint_is_stored(deployment: Deployment, sent: bytes) -> None:
    before = deployment.counts()
    heard = exchange(deployment.web_port, sent)
    assert statuses(heard)[-1:] == [201], heard
    assert deployment.counts() == (before[0] + 1, before[1] + 1, before[2], before[3])


@pytest.mark.parametrize(("sent", "expected"), REFUSED.values(), ids=REFUSED)
def test_anything_else_is_refused_and_not_stored(
    deployment: Deployment, sent: bytes, expected: list[int]
) -> None:
    before = deployment.counts()
    heard = exchange(deployment.web_port, sent, half_close=True)
    assert statuses(heard) == expected, heard
    assert heard.count(b"application/problem+json") == len(expected), heard
    for part in heard.split(b"\r\n\r\n")[1:]:
        assert json.loads(part)["status"] in expected
    assert deployment.counts() == before
    check_it_lives(deployment)


OVERSIZE = {
    "announced": HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1) + BODY,
    "in chunks": CHUNKED + chunks(*[b"[" + b" " * 999_999] * 11),
}


@pytest.mark.parametrize("sent", OVERSIZE.values(), ids=OVERSIZE)
def test_a_body_too_large_is_a_413(deployment: Deployment, sent: bytes) -> None:
    before = deployment.counts()
    heard = exchange(deployment.web_port, sent, half_close=True)
    assert statuses(heard) == [413]
    assert b"application/problem+json" in heard
    assert deployment.counts() == before
    check_it_lives(deployment)


def test_a_body_that_stops_coming_is_a_408_and_frees_its_thread(deployment: Deployment) -> None:
    sent = HEAD + b"Content-Length: 50\r\n" + CLOSE + b'\r\n{"lat": 40.1}'
    before = deployment.counts()
    began_at = time.monotonic()
    heard = exchange(deployment.web_port, sent)
    assert statuses(heard) == [408]
    assert time.monotonic() - began_at < STALLED_AFTER_SECONDS + 8
    assert deployment.counts() == before


def test_a_client_that_leaves_amid_its_body_stores_nothing(deployment: Deployment) -> None:
    before = deployment.counts()
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", deployment.web_port)) as connection:
            connection.sendall(HEAD + LENGTH + b"\r\n" + BODY[:-1])
    check_it_lives(deployment)
    assert deployment.counts() == before


def test_pipelined_requests_are_each_answered(deployment: Deployment) -> None:
    before = deployment.counts()[0]
    one = HEAD + LENGTH + b"\r\n" + BODY
    in_chunks = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks(BODY)
    refused = HEAD + b"Content-Length: 2\r\n\r\n{}"
    heard = exchange(deployment.web_port, one + in_chunks + refused + WHOLE)
    assert statuses(heard) == [201, 201, 400, 201]
    assert deployment.counts()[0] == before + 3


@pytest.mark.parametrize("door", ["web_port", "lane_port"])
def test_random_bytes_are_survived(deployment: Deployment, door: str) -> None:
    before = deployment.counts()
    source = random.Random(311)
    for number in range(100):
        noise = source.randbytes(source.randrange(1, 3000))
        sent = [noise, WHOLE[: source.randrange(len(WHOLE))], HEAD + noise][number % 3]
        heard = exchange(getattr(deployment, door), sent, half_close=True)
        assert all(400 <= status < 500 for status in statuses(heard)), (sent, heard)
    check_it_lives(deployment)
    assert httpx.get(f"{deployment.lane}/healthz").status_code == 200
    assert deployment.counts() == before


LANE = {
    "a path that is no text": b"GET /predict_async/%ff%fe HTTP/1.1\r\nHost: a\r\n",
    "a NUL in the path": b"GET /predict_async/a%00b HTTP/1.1\r\nHost: a\r\n",
    "no type": b"GET /predict_async/ HTTP/1.1\r\nHost: a\r\n",
    "a query that is no text": b"GET /predict_async/rodent?latitude=%ff HTTP/1.1\r\nHost: a\r\n",
    "a POST": b"POST /predict_async/rodent HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n",
    "an odd method": b"BREW /predict_async/rodent HTTP/1.1\r\nHost: a\r\n",
}


@pytest.mark.parametrize("sent", LANE.values(), ids=LANE)
def test_the_lane_answers_a_bad_request_with_a_problem(deployment: Deployment, sent: bytes) -> None:
    heard = exchange(deployment.lane_port, sent + CLOSE + b"\r\n")
    assert len(statuses(heard)) == 1
    assert 400 <= statuses(heard)[0] < 500
    assert b"application/problem+json" in heard
    good = httpx.get(f"{deployment.lane}/predict_async/noise-residential", timeout=10)
    assert good.status_code == 200
