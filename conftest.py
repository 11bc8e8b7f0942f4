"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.db import connections

from smart311.counters import shared_counter
from smart311.throttling import limiter

# Training in tests is small: threads of OpenMP that wait for one another spin, and on a busy
# machine one thread is five times faster. Read when scikit-learn is first imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")

SHARED_DATA = Path(__file__).parent.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def _live_static_files() -> Iterator[None]:
    """Live servers read static files where they are written, not where they were last collected.

    pytest-django would choose so itself, but it knows the static files app by its plain name only.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.test.testcases._StaticFilesHandler", StaticFilesHandler)
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings: None) -> None:
    """Tests, and nobody else, may truncate: so Django empties the database after some."""
    connections.settings["default"]["OPTIONS"]["options"] += " -c smart311.may_truncate=on"


@pytest.fixture(autouse=True)
def _plain_static_files(settings: pytest.FixtureRequest) -> None:
    """Static files by their own names: no manifest has to be built first."""
    settings.STORAGES = {  # type: ignore[attr-defined]
        **settings.STORAGES,  # type: ignore[attr-defined]
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _fresh_serving(settings: pytest.FixtureRequest) -> Iterator[None]:
    """No test sees the city, model or types that another one left in memory.

    A newly active model is seen at once: no thread reads the database behind a test's back.
    """
    from smart311.memory import forget_everything

    settings.FORECAST_REFRESH_SECONDS = 0  # type: ignore[attr-defined]
    settings.DASHBOARD_FRESH_SECONDS = 0  # type: ignore[attr-defined]
    yield
    forget_everything()


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    """No test uses up the limits of another, nor deletes its counts."""
    limiter.forget()
    shared_counter.cache_clear()


@pytest.fixture
def shared_data() -> Path:
    """Real open data, where its folder lies beside the checkout."""
    if not SHARED_DATA.exists():
        pytest.skip("the public data files are not beside this checkout")
    return SHARED_DATA


@pytest.fixture
def nyc_file(shared_data: Path) -> Path:
    """NYC's real complaints of 2019."""
    return shared_data / "nyc311-2019-as-of-0717.csv.gz"
