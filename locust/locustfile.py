"""Load on a running Smart 311: the three tasks of the reference load test.

    locust -f locust/locustfile.py --host http://127.0.0.1:8000

opens the web interface; `--headless -u 20 -r 10 -t 30s` runs without one. Parameters are drawn at
random from the server's own complaint types and from its city's box; every body is looked at, not
only the status code. A failed check makes Locust's exit code 1.
"""

import os
import random
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from locust.exception import StopUser

from locust import HttpUser, between, events, task

LANE_PORT = os.environ.get("LANE_PORT", "8001")
DAYS_BACK = 7
"""Forecasts are asked for complaints filed now or up to a week ago."""
PROBABILITIES = ("24", "72", "168")
OPEN_NOW = re.compile(r"<dt>Open now</dt>\s*<dd class=\"value\">(\d[\d,]*)</dd>")


@events.init_command_line_parser.add_listener
def add_arguments(parser: Any) -> None:
    parser.add_argument(
        "--lane-host",
        default=os.environ.get("LANE_HOST", f"http://127.0.0.1:{LANE_PORT}"),
        env_var="LANE_HOST",
        help="where the fast lane answers /predict_async/ (default %(default)s)",
    )


class Resident(HttpUser):
    """Asks how long it will take, and now and then looks at the dashboard."""

    wait_time = between(0.05, 0.2)
    codes: list[str] = []
    city: dict[str, Any] = {}

    def on_start(self) -> None:
        """Learn what the server knows, once for all users of this process."""
        if Resident.city and Resident.codes:
            return
        cities = self._read("/api/v1/cities/")
        codes = [kind["code"] for kind in self._read("/api/v1/complaint-types/")]
        if not cities or not codes:
            raise StopUser
        Resident.city, Resident.codes = cities[0], codes

    @task(10)
    def predict(self) -> None:
        self._ask(f"/predict/{self._question()}", "/predict/{type}")

    @task(10)
    def predict_async(self) -> None:
        lane = self.environment.parsed_options.lane_host.rstrip("/")
        self._ask(f"{lane}/predict_async/{self._question()}", "/predict_async/{type}")

    @task(1)
    def dashboard(self) -> None:
        with self.client.get("/dashboard/", catch_response=True) as response:
            if response.status_code != 200:
                response.failure(f"status {response.status_code}, expected 200")
            elif not OPEN_NOW.search(response.text):
                response.failure("the page does not say how many complaints are open")

    def _ask(self, url: str, name: str) -> None:
        with self.client.get(url, name=name, catch_response=True) as response:
            if wrong := wrong_with(response):
                response.failure(wrong)

    def _question(self) -> str:
        """A random type with place and time, as path and query."""
        city = self.city
        filed_at = datetime.now(UTC) - timedelta(days=random.uniform(0, DAYS_BACK))
        return (
            f"{quote(random.choice(self.codes))}"
            f"?latitude={random.uniform(city['south'], city['north']):.5f}"
            f"&longitude={random.uniform(city['west'], city['east']):.5f}"
            f"&created_date={filed_at:%Y-%m-%dT%H:%M:%SZ}"
        )

    def _read(self, path: str) -> list[dict[str, Any]]:
        """Every row of a list, page after page; none if the server does not give them."""
        rows: list[dict[str, Any]] = []
        following: str | None = path
        while following:
            with self.client.get(following, name=path, catch_response=True) as response:
                body = json_of(response)
                if response.status_code != 200 or not body.get("results"):
                    response.failure(f"status {response.status_code}, expected rows in `results`")
                    return []
            rows += body["results"]
            following = body.get("next")
        return rows


def wrong_with(response: Any) -> str:
    """What is wrong with the answer to a forecast query; empty if nothing is."""
    if response.status_code != 200:
        return f"status {response.status_code}, expected 200"
    body = json_of(response)
    try:
        low, high = body["interval"]["p10"], body["interval"]["p90"]
        median, chances = body["estimated_time"], [body["closed_within"][h] for h in PROBABILITIES]
        if not 0 <= low <= median <= high:
            return "the median does not lie between p10 and p90"
        if not 0 <= chances[0] <= chances[1] <= chances[2] <= 1:
            return "the chances are not probabilities that grow with time"
    except (KeyError, TypeError) as error:
        return f"the answer is no forecast: {error!r}"
    return ""


def json_of(response: Any) -> dict[str, Any]:
    """The body, or nothing if it is no JSON object."""
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
