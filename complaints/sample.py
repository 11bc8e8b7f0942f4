"""The synthetic sample complaints, moved to the present.

The sample is seven weeks long. It is shifted by whole weeks, so that weekdays stay right and its
end lies less than a week ahead; what has happened by now is loaded, later closings are not known
yet. Loaded again later, the same shift goes on, and past the sample's end the next seven weeks
follow: the same complaints once more, with new ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
from django.conf import settings

from complaints.models import City, Complaint
from complaints.opendata.cleaning import Choice
from complaints.opendata.loading import Summary, import_file
from complaints.opendata.mapping import mapping_named
from complaints.opendata.rejects import Rejects

SAMPLE = Path(settings.BASE_DIR) / "fixtures" / "nyc" / "sample_complaints.csv.gz"
SOURCE = "sample"
MAPPING = "nyc"
WEEK = timedelta(weeks=1)


@dataclass(frozen=True)
class Span:
    """The sample's own time: Monday 00:00 to Monday 00:00, local and naive."""

    start: datetime
    weeks: int
    first_id: str


def measure(path: Path) -> Span:
    """Read a sample's span from its first and last rows."""
    rows = pl.read_csv(path, columns=["unique_key", "created_date"], infer_schema_length=0)
    days = rows["created_date"].str.to_datetime(mapping_named(MAPPING).time_formats[0])
    first, last = days[0], days[-1]
    start = datetime(first.year, first.month, first.day) - timedelta(days=first.weekday())  # noqa: DTZ001
    return Span(start, -(-(last - start) // WEEK), rows["unique_key"][0])


def load_sample(city: City, now: datetime, path: Path = SAMPLE) -> Summary:
    """Load what has happened by `now`; called again, only what has happened since."""
    span = measure(path)
    base = _known_shift(city, span)
    if base is None:
        base = _fresh_shift(city, span, now)
    total = Summary(observed_at=now)
    for cycle in range(_cycles(city, span, base, now)):
        choice = Choice(
            observed_at=now,
            created_before=now,
            shift_weeks=base + cycle * span.weeks,
            id_prefix=f"{cycle}-",
        )
        summary = import_file(
            path, city, mapping_named(MAPPING), rejects=Rejects(), choice=choice, source=SOURCE
        )
        if summary.rejected:
            raise ValueError(f"{path.name}: rows were rejected: {dict(summary.rejected)}")
        total.new += summary.new
        total.updated += summary.updated
    return total


def _fresh_shift(city: City, span: Span, now: datetime) -> int:
    """Weeks by which the sample's end comes to lie less than a week after `now`."""
    local = city.localise(now).replace(tzinfo=None)
    return (local - span.start) // WEEK + 1 - span.weeks


def _known_shift(city: City, span: Span) -> int | None:
    """Weeks by which the sample was shifted when it was first loaded, if it was."""
    first = Complaint.objects.filter(
        city=city, source=SOURCE, external_id=f"0-{span.first_id}"
    ).first()
    if first is None:
        return None
    return (city.localise(first.created_at).replace(tzinfo=None) - span.start) // WEEK


def _cycles(city: City, span: Span, base: int, now: datetime) -> int:
    elapsed = city.localise(now).replace(tzinfo=None) - (span.start + base * WEEK)
    return max(0, elapsed // (span.weeks * WEEK)) + 1
