"""Complaints for tests, in one line: `make_complaint(closed_after_hours=5)`.

What a test does not name gets a plausible value; what belongs to it (city, type, agency) is made
or found.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from complaints.models import Agency, City, Complaint, ComplaintType, District
from complaints.models.complaint import cell_of

NOON = datetime(2019, 7, 10, 16, 0, tzinfo=UTC)
"""A Wednesday, 12:00 in New York."""


def make_city(slug: str = "nyc", **fields: Any) -> City:
    """New York, or another city in the same place."""
    defaults = {
        "name": "New York City",
        "time_zone": "America/New_York",
        "west": -74.3,
        "south": 40.45,
        "east": -73.65,
        "north": 40.95,
        "jurisdiction_id": f"{slug}.gov",
    }
    return City.objects.get_or_create(slug=slug, defaults=defaults | fields)[0]


def make_agency(code: str = "NYPD", **fields: Any) -> Agency:
    """An agency of New York unless `city` says otherwise."""
    city = fields.pop("city", None) or make_city()
    defaults = {"name": f"Department {code}"} | fields
    return Agency.objects.get_or_create(city=city, code=code, defaults=defaults)[0]


def make_type(code: str = "noise-residential", **fields: Any) -> ComplaintType:
    """A complaint type that NYPD works unless `agency` says otherwise."""
    city = fields.pop("city", None) or make_city()
    defaults = {"name": code.replace("-", " ").title(), "agency": make_agency(city=city)} | fields
    return ComplaintType.objects.get_or_create(city=city, code=code, defaults=defaults)[0]


def make_district(code: str = "queens-07", **fields: Any) -> District:
    """A community board."""
    city = fields.pop("city", None) or make_city()
    defaults = {"name": "07 QUEENS", "kind": District.Kind.COMMUNITY_BOARD} | fields
    return District.objects.get_or_create(city=city, code=code, defaults=defaults)[0]


def make_complaint(closed_after_hours: float | None = None, **fields: Any) -> Complaint:
    """An open complaint in Queens; `closed_after_hours` closes it."""
    kind = fields.pop("complaint_type", None) or make_type()
    row: dict[str, Any] = {
        "city": kind.city,
        "complaint_type": kind,
        "agency": kind.agency,
        "created_at": NOON,
        "latitude": 40.75,
        "longitude": -73.85,
    } | fields
    if closed_after_hours is not None:
        row["status"] = Complaint.Status.CLOSED
        row["closed_at"] = row["created_at"] + timedelta(hours=closed_after_hours)
    if row["latitude"] is not None:
        row["cell"] = cell_of(row["latitude"], row["longitude"])
    complaint = Complaint.objects.create(**row)
    complaint.refresh_from_db()
    return complaint
