"""What all tests share."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# Before the settings are read: tests see a change of the active model at once, without a thread.
os.environ["FORECAST_REFRESH_SECONDS"] = "0"

SHARED_DATA = Path(__file__).parent.parent / "shared" / "data"


@pytest.fixture(autouse=True)
def _plain_static_files(settings: pytest.FixtureRequest) -> None:
    """Static files by their own names: no manifest has to be built first."""
    settings.STORAGES = {  # type: ignore[attr-defined]
        **settings.STORAGES,  # type: ignore[attr-defined]
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def _fresh_serving() -> Iterator[None]:
    """No test sees the model or the types that another one left in memory."""
    yield
    if "predictions.serving" in sys.modules:
        sys.modules["predictions.serving"].serving.forget()


@pytest.fixture
def nyc_file() -> Path:
    """NYC's real complaints of 2019, where the data folder lies beside the checkout."""
    path = SHARED_DATA / "nyc311-2019-as-of-0717.csv.gz"
    if not path.exists():
        pytest.skip("the public data files are not beside this checkout")
    return path
