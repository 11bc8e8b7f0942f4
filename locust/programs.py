"""Programs that use Smart 311: API consumers, Open311 and classic clients, wall screens."""

import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import checks
from knowledge import LIVE
from users import CityUser

from locust import task

LANE_PORT = os.environ.get("LANE_PORT", "8001")
BATCH = 50
"""Forecasts a batch."""
PAGE_SIZE = 100
SYNC_OVERLAP = timedelta(minutes=1)
"""A change may appear a little later than its stamp (docs/api.md, Syncing)."""
NEWEST = "/api/v1/complaints/?status=open&page_size=20"
OPEN311 = "/open311/v2/"
CHANGES_SINCE = timedelta(seconds=10)
LISTS = (
    "",
    "?status=open",
    "?page_size=20&ordering=-updated_at",
    "?complaint_type={code}",
    "?near={latitude},{longitude}&radius=800",
)


class ApiConsumer(CityUser):
    """Reads lists page after page, keeps a copy in step, asks for many forecasts at once."""

    weight = 41
    following: str | None = None

    def on_start(self) -> None:
        super().on_start()
        self.newest = datetime.now(UTC)

    @task(10)
    def lists(self) -> None:
        """The next page of the list that was begun, or the first page of another."""
        path = self.following
        if path is None:
            latitude, longitude = self.city.place()
            query = random.choice(LISTS).format(
                code=self.city.code(), latitude=latitude, longitude=longitude
            )
            path = f"/api/v1/complaints/{query}"
        check = checks.list_page if "near=" in path or "type=" in path else checks.complaint_rows
        answer = self.ask(path, check, "/api/v1/complaints/?…")
        following = None if answer is None else checks.json_of(answer)["next"]
        # Nobody reads a large city to its end.
        self.following = following if random.random() < 0.7 else None

    @task(5)
    def one(self) -> None:
        public_id = random.choice(self.city.ids)
        path = f"/api/v1/complaints/{public_id}/"
        self.ask(path, checks.complaint(public_id), "/api/v1/complaints/{id}/")

    @task(5)
    def sync(self) -> None:
        """What has changed since the last time."""
        since = (self.newest - SYNC_OVERLAP).isoformat()
        query = {"updated_since": since, "ordering": "updated_at", "page_size": PAGE_SIZE}
        path = f"/api/v1/complaints/?{urlencode(query)}"
        answer = self.ask(path, checks.list_page, "/api/v1/complaints/?updated_since={time}")
        if answer is not None:
            changed = [row["updated_at"] for row in checks.json_of(answer)["results"]]
            self.newest = max([self.newest, *map(datetime.fromisoformat, changed)])

    @task(1)
    def statistics(self) -> None:
        path = f"/api/v1/statistics/?group_by={random.choice(('agency', 'month', 'district'))}"
        self.ask(path, checks.statistics, "/api/v1/statistics/?group_by={group}")

    @task(2)
    def batch(self) -> None:
        """Many forecasts at once."""
        rows = [self.city.question().row() for _ in range(BATCH)]
        self.send("POST", "/api/v1/predictions/", checks.forecasts(BATCH), json=rows)


class Open311Client(CityUser):
    """GeoReport v2: services, requests, one request. Runs where the server offers it."""

    weight = 5
    needs = f"{OPEN311}services.json"

    @task(1)
    def services(self) -> None:
        self.ask(f"{OPEN311}services.json", checks.open311_services)

    @task(1)
    def requests(self) -> None:
        """The newest thousand."""
        self.ask(f"{OPEN311}requests.json", checks.open311_requests)

    @task(2)
    def changes(self) -> None:
        """What a bridge between two systems asks again and again: the changes of late."""
        since = (datetime.now(UTC) - CHANGES_SINCE).strftime("%Y-%m-%dT%H:%M:%SZ")
        path = f"{OPEN311}requests.json?{urlencode({'updated_after': since})}"
        name = f"{OPEN311}requests.json?updated_after={{time}}"
        self.ask(path, checks.open311_changes, name)

    @task(2)
    def one(self) -> None:
        path = f"{OPEN311}requests/{random.choice(self.city.ids)}.json"
        self.ask(path, checks.open311_requests, f"{OPEN311}requests/{{id}}.json")


class WallScreen(CityUser):
    """Ten dashboards on walls that ask every ten seconds what is new, with the ETag they have."""

    weight = 3
    etag = ""

    @task(19)
    def poll(self) -> None:
        """The live figures where the server has them, else the newest open complaints."""
        path, shown = (LIVE, checks.live) if self.city.has_live else (NEWEST, checks.complaint_rows)
        headers = {"If-None-Match": self.etag} if self.etag else {}
        answer = self.ask(path, checks.unless_unchanged(shown), headers=headers)
        if answer is not None:
            self.etag = answer.headers.get("ETag") or self.etag

    @task(1)
    def dashboard(self) -> None:
        """The whole page, now and then."""
        self.ask("/dashboard/", checks.page(checks.DASHBOARD))


class Classic(CityUser):
    """The three tasks of the reference load test."""

    weight = 20

    @task(10)
    def predict(self) -> None:
        self.ask(self.city.question().path("/predict/"), checks.forecast, "/predict/{type}")

    @task(10)
    def predict_async(self) -> None:
        options: Any = self.environment.parsed_options
        path = self.city.question().path(f"{options.lane_host.rstrip('/')}/predict_async/")
        self.ask(path, checks.forecast, "/predict_async/{type}")

    @task(1)
    def dashboard(self) -> None:
        self.ask("/dashboard/", checks.page(checks.DASHBOARD))
