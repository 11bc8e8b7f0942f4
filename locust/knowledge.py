"""What a load test knows about the server's city, and the questions it makes of it.

Everything comes from the server itself: types and how often each is filed, the box, where and at
which hours people complained lately. Nothing here needs Locust.
"""

import json
import random
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

DAYS_BACK = 7
"""Forecasts are asked for complaints filed now or up to a week ago."""
NEARBY_DEGREES = 0.002
"""About 200 m: a place is drawn around that of a complaint, so that it lies on land."""
PLACES = 1000
LIVE = "/dashboard/live.json"
TIMEOUT_SECONDS = 30


class ServerError(Exception):
    """The server does not answer as Smart 311 does; one line for a person."""


@dataclass(frozen=True)
class Question:
    """What a forecast is asked for."""

    code: str
    latitude: float
    longitude: float
    created_date: str

    def path(self, start: str) -> str:
        """Path and query of `/predict/…` or `/predict_async/…`."""
        query = {
            "latitude": self.latitude,
            "longitude": self.longitude,
            "created_date": self.created_date,
        }
        return f"{start}{quote(self.code, safe='')}?{urlencode(query)}"

    def row(self) -> dict[str, Any]:
        """A row of a batch of forecasts."""
        place = {"latitude": self.latitude, "longitude": self.longitude}
        return {"complaint_type": self.code, **place, "created_date": self.created_date}


@dataclass(frozen=True)
class Knowledge:
    """One city. `frequencies` has one number a code; `ids` are complaints that exist;
    `has_live` tells whether the dashboard has figures for screens that stay open."""

    city: dict[str, Any]
    codes: list[str]
    frequencies: list[float]
    places: list[tuple[float, float]]
    hours: list[int]
    ids: list[str]
    has_live: bool

    @classmethod
    def read(cls, host: str) -> "Knowledge":
        """Ask the server. Raises ServerError."""
        try:
            return cls._read(host.rstrip("/"))
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise ServerError(
                f"{host} does not answer as Smart 311 does: {type(error).__name__} {error}"
            ) from error

    @classmethod
    def _read(cls, host: str) -> "Knowledge":
        city = fetch(host, "/api/v1/cities/")["results"][0]
        codes = [row["code"] for row in every_row(host, "/api/v1/complaint-types/")]
        counted = fetch(host, "/api/v1/statistics/?group_by=complaint_type")["groups"]
        counts = {group["complaint_type"]: group["complaints"] for group in counted}
        recent = fetch(host, f"/api/v1/complaints/?page_size={PLACES}")["results"]
        zone = ZoneInfo(city["time_zone"])
        middle = ((city["south"] + city["north"]) / 2, (city["west"] + city["east"]) / 2)
        if not codes or not recent:
            raise ServerError(f"{host} has no complaint types or no complaints; load some first")
        return cls(
            city=city,
            codes=codes,
            # Types that nobody has filed yet are tried as well, rarely.
            frequencies=[counts.get(code, 0) + 0.5 for code in codes],
            places=[(row["latitude"], row["longitude"]) for row in recent if row["latitude"]]
            or [middle],
            hours=[datetime.fromisoformat(r["created_at"]).astimezone(zone).hour for r in recent],
            ids=[row["id"] for row in recent],
            has_live=is_offered(host, LIVE),
        )

    def code(self) -> str:
        """A type, as often as people file it."""
        return random.choices(self.codes, self.frequencies)[0]

    def place(self) -> tuple[float, float]:
        """A place near one that people complained about, within the city's box."""
        latitude, longitude = random.choice(self.places)
        city = self.city
        return (
            round(_near(latitude, city["south"], city["north"]), 6),
            round(_near(longitude, city["west"], city["east"]), 6),
        )

    def question(self) -> Question:
        """A type, a place and a time on the city's clock, at an hour at which people complain."""
        zone = ZoneInfo(self.city["time_zone"])
        now = datetime.now(zone)
        at = (now - timedelta(days=random.randrange(DAYS_BACK + 1))).replace(
            hour=random.choice(self.hours), minute=random.randrange(60), second=0, microsecond=0
        )
        latitude, longitude = self.place()
        return Question(self.code(), latitude, longitude, min(at, now).isoformat("T", "seconds"))


def fetch(host: str, path: str) -> Any:
    """The JSON at a path. Raises ServerError."""
    address = path if path.startswith("http") else host + path
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise ServerError(f"{address}: {error}") from error


def every_row(host: str, path: str) -> list[dict[str, Any]]:
    """The rows of a list, page after page. Raises ServerError."""
    rows: list[dict[str, Any]] = []
    following: str | None = path
    while following:
        page = fetch(host, following)
        rows += page["results"]
        following = page.get("next")
    return rows


def is_offered(host: str, path: str) -> bool:
    """Whether the server answers a path with success."""
    try:
        with urllib.request.urlopen(host.rstrip("/") + path, timeout=TIMEOUT_SECONDS):  # noqa: S310
            return True
    except OSError:
        return False


def _near(degrees: float, lowest: float, highest: float) -> float:
    drawn = degrees + random.uniform(-NEARBY_DEGREES, NEARBY_DEGREES)
    return max(lowest, min(highest, drawn))
