"""A minute of steady load on a running Smart 311: 10 complaints filed and 100 reads a second.

Requests come at random times (Poisson), whether or not earlier ones are answered, so that a server
that stalls is seen to stall. Of a hundred reads 30 are lists of complaints, 25 one complaint, 20
its forecast as of now, 20 /predict and 5 the dashboard. Prints the percentiles of each kind in
milliseconds and the errors. The complaints are stored: measure on a test install. Its limits for
one address (LIMIT_ANONYMOUS_FILING, LIMIT_ANONYMOUS_READING) allow this much as they are.
"""

import argparse
import asyncio
import itertools
import json
import random
import secrets
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.http_load import Result, at_random_times, get, post

LISTS = (
    "",
    "?status=open",
    "?page_size=20&ordering=-updated_at",
    "?complaint_type={code}",
    "?near={latitude},{longitude}",
)
FILED_KIND = "file a complaint"


def read(host: str, path: str) -> Any:
    """The JSON at a path."""
    with urllib.request.urlopen(host + path, timeout=30) as answer:  # noqa: S310
        return json.load(answer)


def kinds_of_load(
    host: str, posts: float, gets: float
) -> dict[str, tuple[float, Callable[[], bytes]]]:
    """What is asked, how often a second, and how each request is made."""
    chance = random.Random(311)  # noqa: S311  (no secret)
    city = read(host, "/api/v1/cities/")["results"][0]
    codes = [row["code"] for row in read(host, "/api/v1/complaint-types/")["results"]]
    rows = read(host, "/api/v1/complaints/?page_size=1000&status=open")["results"]
    if not rows:
        raise SystemExit("There are no open complaints to read; load some first.")
    run, numbers = secrets.token_hex(8), itertools.count()

    def place() -> dict[str, float]:
        near = chance.choice([row for row in rows[:200] if row["latitude"] is not None])
        return {
            "latitude": round(near["latitude"] + chance.uniform(-0.002, 0.002), 6),
            "longitude": round(near["longitude"] + chance.uniform(-0.002, 0.002), 6),
        }

    def file() -> bytes:
        body = {
            "complaint_type": chance.choice(codes),
            **place(),
            "description": f"Steady load on {city['slug']}.",
            "channel": "mobile",
        }
        return post("/api/v1/complaints/", body, f"{run}-{next(numbers)}")

    def complaint_list() -> bytes:
        query = chance.choice(LISTS).format(code=chance.choice(codes), **place())
        return get(f"/api/v1/complaints/{query}")

    def one() -> bytes:
        return get(f"/api/v1/complaints/{chance.choice(rows)['id']}/")

    def forecast() -> bytes:
        return get(f"/api/v1/complaints/{chance.choice(rows)['id']}/forecast/")

    def predict() -> bytes:
        at = place()
        code = chance.choice(codes)
        return get(f"/predict/{code}?latitude={at['latitude']}&longitude={at['longitude']}")

    reads = {
        "list of complaints": (0.30, complaint_list),
        "one complaint": (0.25, one),
        "its forecast now": (0.20, forecast),
        "/predict": (0.20, predict),
        "dashboard": (0.05, lambda: get("/dashboard/")),
    }
    return {
        FILED_KIND: (posts, file),
        **{kind: (gets * share, make) for kind, (share, make) in reads.items()},
    }


def show(results: dict[str, Result]) -> None:
    """The table."""
    everything = Result([second for found in results.values() for second in found.seconds])
    everything.errors = sum(found.errors for found in results.values())
    print(f"{'':20}{'answers':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}{'errors':>8}")
    for kind, found in {**results, "all": everything}.items():
        figures = "".join(f"{found.milliseconds(percent):9.1f}" for percent in (50, 95, 99))
        print(f"{kind:20}{len(found.seconds):9}{figures}{found.errors:8}")
        if found.first_error:
            print(f"    {found.first_error}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--host", default="http://127.0.0.1:8000", help="address of the web server")
    parser.add_argument("--seconds", type=float, default=60, help="how long (60)")
    parser.add_argument("--posts", type=float, default=10, help="complaints filed a second (10)")
    parser.add_argument("--gets", type=float, default=100, help="reads a second (100)")
    arguments = parser.parse_args()
    kinds = kinds_of_load(arguments.host, arguments.posts, arguments.gets)
    show(asyncio.run(at_random_times(arguments.host, kinds, arguments.seconds)))


if __name__ == "__main__":
    main()
