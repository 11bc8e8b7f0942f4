"""What was odd in the data: what the checks found in the newest import."""

from __future__ import annotations

from dataclasses import dataclass

from complaints.models import City, Import
from complaints.opendata.checks import CHECKS
from complaints.phrases import percent_in_words
from dashboard.cards import in_words


@dataclass(frozen=True)
class DataQuality:
    """What the checks found in the newest import."""

    name: str
    number: int
    read: str
    findings: list[tuple[str, str, str]]


def read_data_quality(city: City) -> DataQuality | None:
    """The findings of the newest import that is done; None before the first."""
    newest = (
        Import.objects.without_files()
        .filter(city=city, status=Import.Status.DONE)
        .order_by("-created_at")
        .first()
    )
    if newest is None:
        return None
    read = newest.counts.get("read") or 0
    findings = [
        (str(title), in_words(found["rows"]), percent_in_words(found["rows"] / read))
        for check, title in CHECKS.items()
        if read and (found := newest.report.get(check))
    ]
    return DataQuality(newest.name, newest.pk, in_words(read), findings)
