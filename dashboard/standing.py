"""Which city the page is about, and up to which moment its data reaches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import OuterRef, Subquery

from complaints.models import City, Complaint

STALE_AFTER = timedelta(hours=24)
"""Data as old as this is told to be old."""


@dataclass(frozen=True)
class Standing:
    """A city and its data time: the latest moment, not in the future, that the data speaks of.

    `as_of` is None for a city without complaints.
    """

    city: City
    as_of: datetime | None

    @classmethod
    def find(cls, slug: str, now: datetime) -> Standing | None:
        """The city with this slug, in one query; None if there is no such city."""
        row = City.objects.filter(slug=slug).annotate(**_latest_moments(now)).first()
        if row is None:
            return None
        moments = [getattr(row, name) for name in _latest_moments(now)]
        return cls(row, max((m for m in moments if m and m <= now), default=None))


def _latest_moments(now: datetime) -> dict[str, Subquery]:
    """Newest filing, newest closing, and when the newest filed row was last observed."""
    rows = Complaint.objects.filter(city=OuterRef("pk"))
    by_filing = rows.filter(created_at__lte=now).order_by("-created_at", "-id")
    by_closing = rows.filter(closed_at__lte=now).order_by("-closed_at")
    return {
        "latest_created_at": Subquery(by_filing.values("created_at")[:1]),
        "latest_closed_at": Subquery(by_closing.values("closed_at")[:1]),
        "latest_observed_at": Subquery(by_filing.values("observed_at")[:1]),
    }
