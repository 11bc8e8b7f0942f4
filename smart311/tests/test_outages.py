"""What clients see while the database is frozen or starts again. Nothing is lost or doubled."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from smart311.tests.deployment import FILE, GOOD, Deployment, Traffic
from smart311.tests.embedded_workshop import eventually

pytestmark = pytest.mark.slow

MOST_SECONDS = 8
"""Within them every request is answered, whatever the database does."""
OUTAGE = (503, "application/problem+json", "5")
STILL_FILING = (409, "application/problem+json", "1")
"""A complaint is sent again while the database, just awake, still stores it."""


def begin(traffic: Traffic) -> None:
    """Wait until everybody has been served."""
    eventually(lambda: traffic.filed >= traffic.clients, 60)


def test_a_frozen_database_is_a_503_in_time_and_soon_forgotten(deployment: Deployment) -> None:
    stored_before = deployment.counts()[0]
    with Traffic(deployment, clients=24) as traffic:
        begin(traffic)
        with deployment.frozen_database():
            time.sleep(12)
        thawed_at = time.monotonic()
        time.sleep(4)
    assert traffic.refusals() - {STILL_FILING} == {OUTAGE}
    assert max(each.seconds for each in traffic.seen) <= MOST_SECONDS
    assert traffic.first_success_since(thawed_at) <= 2
    assert deployment.counts()[0] - stored_before == traffic.filed


def test_a_restart_of_the_database_is_a_503_meanwhile(deployment: Deployment) -> None:
    stored_before = deployment.counts()[0]
    with Traffic(deployment) as traffic:
        begin(traffic)
        deployment.restart_database()
        ready_at = time.monotonic()
        time.sleep(3)
    assert traffic.refusals() <= {OUTAGE, STILL_FILING}
    assert traffic.first_success_since(ready_at) <= 1
    assert deployment.counts()[0] - stored_before == traffic.filed


def test_the_lane_answers_while_the_database_is_frozen(deployment: Deployment) -> None:
    path = f"{deployment.lane}/predict_async/noise-residential"
    with deployment.frozen_database():
        began_at = time.monotonic()
        answers = []
        while time.monotonic() < began_at + 8:
            answers.append(httpx.get(path, timeout=1).status_code)
            time.sleep(0.2)
    assert set(answers) == {200}


@pytest.fixture
def without_deadline(prepared: Deployment) -> Iterator[Deployment]:
    """Web, waiting for the database as long as it takes."""
    prepared.stop_servers()
    prepared.start_web("smart311.tests.without_deadline")
    yield prepared
    prepared.stop_servers()


def test_without_the_deadline_requests_would_hang(without_deadline: Deployment) -> None:
    """Those whose thread has a connection; a new one libpq itself gives up after 3 s."""

    def hangs(_: int) -> bool:
        try:
            httpx.post(f"{without_deadline.web}{FILE}", json=GOOD, timeout=MOST_SECONDS)
        except httpx.ReadTimeout:
            return True
        return False

    with Traffic(without_deadline, clients=16) as traffic:
        begin(traffic)
    with without_deadline.frozen_database(), ThreadPoolExecutor(16) as pool:
        assert any(pool.map(hangs, range(16)))
