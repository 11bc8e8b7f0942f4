"""A hundred clients send one complaint at once, over the wire."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from smart311.tests.deployment import FILE, GOOD, Deployment

pytestmark = pytest.mark.slow

PARALLEL = 100


def file_at_once(deployment: Deployment, key: str) -> list[httpx.Response]:
    """The answers to so many requests with one key that begin together."""
    barrier = threading.Barrier(PARALLEL)
    with httpx.Client(
        base_url=deployment.web,
        timeout=60,
        limits=httpx.Limits(max_connections=PARALLEL),
        headers={"Idempotency-Key": key},
    ) as client:

        def run(_: int) -> httpx.Response:
            barrier.wait()
            return client.post(FILE, json=GOOD)

        with ThreadPoolExecutor(PARALLEL) as pool:
            return list(pool.map(run, range(PARALLEL)))


def test_a_hundred_requests_with_one_key_are_one_complaint(deployment: Deployment) -> None:
    before = deployment.counts()
    answers = file_at_once(deployment, "a-hundred-at-once")
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in answers) == 1
    complaints, events, reporters, receipts = before
    assert deployment.counts() == (complaints + 1, events + 1, reporters, receipts + 1)


@pytest.fixture
def without_claim(prepared: Deployment) -> Iterator[Deployment]:
    """Web that does not claim the key first."""
    prepared.stop_servers()
    prepared.start_web("smart311.tests.without_claim")
    yield prepared
    prepared.stop_servers()


def test_without_the_claim_they_would_be_many(without_claim: Deployment) -> None:
    before = without_claim.counts()[0]
    file_at_once(without_claim, "a-hundred-unclaimed")
    assert without_claim.counts()[0] > before + 1
