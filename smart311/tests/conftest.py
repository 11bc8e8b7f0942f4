"""What the tests from outside share."""

from collections.abc import Iterator

import pytest

from smart311.tests.deployment import Deployment


@pytest.fixture(scope="session")
def prepared() -> Iterator[Deployment]:
    """A database with a city and a model; nothing serves it yet."""
    deployment = Deployment()
    try:
        deployment.prepare()
        yield deployment
    finally:
        deployment.clean_up()


@pytest.fixture(scope="module")
def deployment(prepared: Deployment) -> Iterator[Deployment]:
    """Web and lane, running."""
    prepared.start_lane()
    prepared.start_web()
    yield prepared
    prepared.stop_servers()
