"""People who file complaints. Of 110 requests of the whole mix 10 are filings."""

import random
import secrets
from typing import Any
from urllib.parse import urlencode

import checks
from ledger import Ledger, new_mark
from users import CityUser

from locust import task

ledger = Ledger()
"""Of this process."""


class Filer(CityUser):
    """Files complaints and nothing else: a storm."""

    weight = 10
    is_extra = True
    pending: dict[str, Any] | None = None
    last: dict[str, Any] | None = None

    @task(50)
    def file(self) -> None:
        """File one; first the one that was not answered, with its key, as the API asks."""
        complaint, self.pending = self.pending or self.new_complaint(), None
        self.post(complaint, "/api/v1/complaints/")

    @task(1)
    def file_again(self) -> None:
        """Send the last one again: it must not be stored twice."""
        if self.last:
            self.post(self.last, "/api/v1/complaints/ (again)")

    def new_complaint(self) -> dict[str, Any]:
        """A complaint with its key."""
        latitude, longitude = self.city.place()
        body = {
            "complaint_type": self.city.code(),
            "latitude": latitude,
            "longitude": longitude,
            "address": new_mark(),
            "description": "Filed by a load test.",
            "channel": random.choice(("mobile", "online", "phone")),
        }
        return {"key": secrets.token_hex(16), "body": body}

    def post(self, complaint: dict[str, Any], name: str) -> None:
        """Send it, and write down what becomes of it."""
        body = complaint["body"]
        mark = body["address"]
        ledger.sent(mark)
        answer = self.send(
            "POST", "/api/v1/complaints/", checks.filed(mark, body["complaint_type"]), name,
            json=body, headers={"Idempotency-Key": complaint["key"]},
        )  # fmt: skip
        if answer is None:
            self.pending = complaint
            return
        ledger.stored(mark, answer.json())
        self.last = complaint


class Resident(Filer):
    """Looks at the dashboard, asks how long it takes, files, and follows the own complaint."""

    weight = 40
    is_extra = False

    @task(10)
    def dashboard(self) -> None:
        self.ask("/dashboard/", checks.page(checks.DASHBOARD))

    @task(14)
    def form(self) -> None:
        """The form's answer, as a page."""
        path = f"/dashboard/how-long/?{urlencode(self.city.question().row())}"
        self.ask(path, checks.page(checks.DASHBOARD), "/dashboard/how-long/?…")

    @task(61)
    def forecast(self) -> None:
        self.ask(self.city.question().path("/predict/"), checks.forecast, "/predict/{type}")

    @task(40)
    def follow(self) -> None:
        public_id = random.choice(self.city.ids)
        path = f"/api/v1/complaints/{public_id}/"
        self.ask(path, checks.complaint(public_id), "/api/v1/complaints/{id}/")

    @task(24)
    def remaining(self) -> None:
        path = f"/api/v1/complaints/{random.choice(self.city.ids)}/forecast/"
        self.ask(path, checks.remaining, "/api/v1/complaints/{id}/forecast/")
