"""Places that people complain about again and again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from complaints.models import Complaint
from dashboard.cards import in_words
from dashboard.selection import Selection

SHOWN = 10
FEWEST = 3


@dataclass(frozen=True)
class Repeat:
    """An address and a type with many complaints; `latest` is one of them."""

    place: str
    kind: str
    district: str
    filed: str
    open: str
    last_at: datetime
    query: str


def read_repeats(selection: Selection) -> list[Repeat]:
    """The addresses with the most complaints of one type in the window."""
    counted = (
        selection.filed.rows()
        .exclude(address="")
        .order_by()
        .values_list("address", "complaint_type__name", "complaint_type__code", "district__name")
        .annotate(
            filed=Count("*"),
            waiting=Count("pk", filter=~Q(status=Complaint.Status.CLOSED)),
            last_at=Max("created_at"),
        )
        .filter(filed__gte=FEWEST)
        .order_by("-filed", "address")[:SHOWN]
    )
    return [
        Repeat(
            place,
            kind,
            district or "–",
            in_words(filed),
            in_words(waiting),
            last_at,
            selection.query(complaint_type=code),
        )
        for place, kind, code, district, filed, waiting, last_at in counted
    ]
