"""Another city end to end: its own file, clock and names, from import to verdict and answer."""

from __future__ import annotations

import csv
import random
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from complaints.models import City, Complaint
from predictions.models import ModelVersion

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

HEADER = [
    *("CaseID", "Opened", "Closed", "Updated", "Status", "Status Notes", "Responsible Agency"),
    *("Category", "Request Type", "Request Details", "Address", "Street", "Supervisor District"),
    *("Neighborhood", "Police District", "Latitude", "Longitude", "Point", "Source", "Media URL"),
]
CLOCK = "%m/%d/%Y %I:%M:%S %p"
# Category and request type, and the hours within which half are closed.
KINDS = {("Noise Report", "Noise Issue"): 1.0, ("Street Cleaning", "Bulky Items"): 20.0}
START = datetime(2019, 3, 4)  # noqa: DTZ001  (the file's own clock)
DAYS = 60


def write_cases(path: Path, count: int = 3_000) -> None:
    """Synthetic cases under the portal's header; those not closed at the end are open."""
    chance = random.Random(415)
    end = START + timedelta(days=DAYS)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, HEADER, restval="")
        writer.writeheader()
        for number in range(count):
            (category, request_type), median = chance.choice(list(KINDS.items()))
            opened = START + timedelta(seconds=chance.randrange(DAYS * 86_400))
            # Nights are slower, so that there is something to learn beside the type.
            slow = 4.0 if opened.hour < 7 else 1.0
            closed = opened + timedelta(hours=chance.expovariate(0.7 / (median * slow)) + 0.05)
            is_closed = closed < end
            writer.writerow(
                {
                    "CaseID": 9_000_000 + number,
                    "Opened": opened.strftime(CLOCK),
                    "Closed": closed.strftime(CLOCK) if is_closed else "",
                    "Status": "Closed" if is_closed else "Open",
                    "Responsible Agency": f"{category} Queue",
                    "Category": category,
                    "Request Type": request_type,
                    "Neighborhood": chance.choice(["Mission", "Outer Sunset"]),
                    "Latitude": f"{chance.uniform(37.72, 37.80):.6f}",
                    "Longitude": f"{chance.uniform(-122.50, -122.40):.6f}",
                    "Source": chance.choice(["Phone", "Web"]),
                }
            )


def run(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def test_san_francisco_is_imported_trained_evaluated_and_answered(
    client: Client, tmp_path: Path, settings: Settings
) -> None:
    cases = tmp_path / "cases.csv"
    write_cases(cases)
    run("load_city", str(settings.BASE_DIR / "fixtures" / "cities" / "san-francisco.toml"))
    run("import_complaints", str(cases))
    city = City.objects.get(slug="san-francisco")
    assert Complaint.objects.filter(city=city).count() == 3_000
    first = Complaint.objects.order_by("created_at").first()
    assert first
    assert city.localise(first.created_at).replace(tzinfo=None) >= START
    run("train_model", "--city", "san-francisco")
    version = ModelVersion.objects.get()
    assert version.city == city
    assert version.status == "active", version.verdict
    overall = {name: found["overall"] for name, found in version.metrics["models"].items()}
    assert overall["forecast"]["mae_hours"] < overall["kaplan_meier"]["mae_hours"]
    settings.CITY = "san-francisco"
    quick, slow = (
        client.get(f"/predict/{kind}?latitude=37.76&longitude=-122.45").json()
        for kind in ("noise-report", "street-cleaning")
    )
    assert quick["estimated_time"] * 5 < slow["estimated_time"]
    assert quick["expected_close_at"].endswith(("-07:00", "-08:00"))
    assert quick["model"]["version"] == version.version
