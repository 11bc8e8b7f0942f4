"""The complaint types of a city with how often each was filed."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, OuterRef, Value
from django.db.models.functions import Coalesce

from complaints.models import City, Complaint, ComplaintType
from dashboard.aggregates import scalar
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
    rows = ComplaintType.objects.filter(city=city)
    if window is None:
        counted = rows.annotate(filed=Value(0))
    else:
        # The type alone implies the city: so the index answers without touching a row.
        of_type = Complaint.objects.filter(complaint_type=OuterRef("pk"), **window.as_filter())
        count = scalar(of_type, "complaint_type", Count("*"))
        counted = rows.annotate(filed=Coalesce(count, 0))
    columns = ("pk", "code", "name", "group", "is_active", "filed")
    types = [FiledType(*row) for row in counted.values_list(*columns)]
    return sorted(types, key=lambda kind: (-kind.filed, kind.name))
