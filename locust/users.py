"""What all users of Smart 311 share: the pace, what is known of the city, and checked requests.

Each user sends one request a second on average, so `--users 110` asks for 110 requests a second,
and gets them as long as answers take less than a second.
"""

import random
import time
from typing import Any, ClassVar

import checks
import gevent
from gevent.lock import Semaphore
from knowledge import Knowledge, ServerError
from locust.exception import StopTest

from locust import FastHttpUser

SECONDS_BETWEEN = (0.5, 1.5)
"""Drawn anew each time: users of one fixed pace who once waited for the same stall would ask all at
the same moment ever after."""

is_overload_expected = False
"""Whether 429 and 503 with Retry-After are right answers; the profile says so."""


def expect_overload(expected: bool) -> None:
    """Say it before users start."""
    global is_overload_expected
    is_overload_expected = expected


class CityUser(FastHttpUser):
    """What all share: the pace, what is known of the city, and checked requests."""

    abstract = True
    network_timeout = 30.0
    connection_timeout = 10.0
    needs: ClassVar[str] = ""
    """A path that the server must offer for this class to make sense."""
    is_extra: ClassVar[bool] = False
    """Only runs where a profile or the command line names it."""
    _knowledge: ClassVar[dict[str, Knowledge]] = {}
    _reading = Semaphore()

    def on_start(self) -> None:
        """Learn the city, once a process; begin at a random moment of the first second."""
        self._next_at = time.monotonic()
        host = str(self.host)
        with self._reading:
            if host not in self._knowledge:
                try:
                    self._knowledge[host] = Knowledge.read(host)
                except ServerError as error:
                    raise StopTest(str(error)) from error
        self.city = self._knowledge[host]
        gevent.sleep(random.uniform(0, 1))

    def wait_time(self) -> float:
        """Seconds until the next request; none if that moment has passed while it was answered."""
        now = time.monotonic()
        self._next_at = max(now, self._next_at + random.uniform(*SECONDS_BETWEEN))
        return self._next_at - now

    def ask(self, path: str, check: checks.Check, name: str = "", **more: Any) -> Any:
        """The good answer to a GET, or None."""
        return self.send("GET", path, check, name, **more)

    def send(self, method: str, path: str, check: checks.Check, name: str = "", **more: Any) -> Any:
        """The good answer to a request, or None; `more` goes to the client.

        Where overload is expected, a proper refusal counts under a name of its own.
        """
        more.setdefault("allow_redirects", False)
        with self.client.request(
            method, path, name=name or path, catch_response=True, **more
        ) as response:
            if is_overload_expected and checks.is_refusal(response):
                response.request_meta["name"] += " (refused)"
                response.success()
                return None
            if wrong := check(response):
                response.failure(wrong)
                return None
            response.success()
            return response
