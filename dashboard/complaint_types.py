"""The complaint types of a city with how often each was filed."""

from __future__ import annotations

from dataclasses import dataclass

from complaints.models import City, ComplaintType
from complaints.rollups.grains import FILED
from dashboard.window import Window


@dataclass(frozen=True)
class FiledType:
    """A complaint type; `filed` counts its complaints in the window."""

    pk: int
    code: str
    name: str
    group: str
    is_active: bool
    filed: int


def read_types(city: City, window: Window | None) -> list[FiledType]:
    """The city's types, the most often filed first; without a window none was filed."""
    filed: dict[int, int] = {}
    if window:
        _, groups = window.ask(FILED, "complaint_type", "counts")
        filed = {row.key[0]: row.complaints for row in groups}
    types = [
        FiledType(kind.pk, kind.code, kind.name, kind.group, kind.is_active, filed.get(kind.pk, 0))
        for kind in ComplaintType.objects.filter(city=city)
    ]
    return sorted(types, key=lambda kind: (-kind.filed, kind.name))
