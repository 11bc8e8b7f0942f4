"""Limits on the servers themselves: two processes of eight threads count together."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from smart311.tests.deployment import FILE, GOOD, Deployment

LIMIT = 30
SENT = 120
NEEDED_SECONDS = 20

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def deployment() -> Iterator[Deployment]:
    made = Deployment()
    made.environment["LIMIT_ANONYMOUS_FILING"] = str(LIMIT)
    try:
        made.prepare()
        yield made
    finally:
        made.clean_up()


def file_many(deployment: Deployment) -> Counter[int]:
    """Statuses of complaints sent at once within one minute of the clock, each anew connected."""
    if (left := 60 - time.time() % 60) < NEEDED_SECONDS:
        time.sleep(left)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: send(deployment), range(SENT)))
    assert all(1 <= int(each.headers["Retry-After"]) <= 60 for each in answers if each.is_error)
    return Counter(each.status_code for each in answers)


def send(deployment: Deployment) -> httpx.Response:
    return httpx.post(f"{deployment.web}{FILE}", json=GOOD, timeout=30)


def test_two_processes_let_through_the_limit_and_no_more(deployment: Deployment) -> None:
    deployment.start_web()
    try:
        before = deployment.counts()[0]
        assert file_many(deployment) == {201: LIMIT, 429: SENT - LIMIT}
        assert deployment.counts()[0] - before == LIMIT
    finally:
        deployment.stop_servers()


def test_counting_each_for_itself_they_let_through_twice_as_many(deployment: Deployment) -> None:
    deployment.start_web("smart311.tests.uncounted")
    try:
        assert file_many(deployment) == {201: 2 * LIMIT, 429: SENT - 2 * LIMIT}
    finally:
        deployment.stop_servers()
