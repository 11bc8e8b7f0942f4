"""Who answers forecasts, and a Chromium that looks at the page as people do."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from django.conf import settings as django_settings
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright
from pytest_django.fixtures import Settings

from complaints.forecasting import get_forecaster
from dashboard.tests.chromium import PROGRAMS, QUIET_FLAGS
from dashboard.tests.forecasters import Use


@pytest.fixture(scope="session", autouse=True)
def _no_renewing_thread() -> Iterator[None]:
    """A live server may still answer when a test's own settings are gone already.

    It would start the thread that reads the database for ever.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(django_settings, "FORECAST_REFRESH_SECONDS", 0)
        yield


@pytest.fixture
def forecaster(settings: Settings) -> Iterator[Use]:
    """Lets one of `dashboard.tests.forecasters` answer."""

    def use(name: str) -> None:
        settings.FORECASTER = f"dashboard.tests.forecasters.{name}"
        get_forecaster.cache_clear()

    yield use
    get_forecaster.cache_clear()


@dataclass
class Watched:
    """A page and everything about it that should not happen."""

    page: Page
    address: str
    console_errors: list[str] = field(default_factory=list)
    outside_requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.console_errors.append(str(error)))
        self.page.on("request", self._see)

    def visit(self, path: str = "/dashboard/") -> Page:
        """Open a path and wait until nothing loads any more."""
        self.page.goto(self.address + path, wait_until="networkidle")
        return self.page

    def _hear(self, message: ConsoleMessage) -> None:
        # Chromium reports violations of the content security policy here too.
        if message.type == "error":
            self.console_errors.append(message.text)

    def _see(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.outside_requests.append(request.url)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium; without one the tests are skipped, but not where CI is set."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        reason = f"no browser found, looked for {', '.join(PROGRAMS)}: apt-get install chromium"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright's loop runs in this thread, where Django would refuse to read the database.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        browser = playwright.chromium.launch(executable_path=program, args=QUIET_FLAGS)
        yield browser
        browser.close()
