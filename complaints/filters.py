"""Which complaints are meant: one frozen object for lists, exports, pages and statistics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F, FloatField, Q
from django.db.models.functions import Coalesce, Extract, Now
from django.db.models.lookups import GreaterThan, LessThanOrEqual

from complaints.models import City, Complaint
from complaints.models.complaint import PUBLIC_TEXT, ComplaintQuerySet
from complaints.places import Box, Circle, stored_range
from complaints.words import Words

SECONDS_SO_FAR = Extract(
    ExpressionWrapper(
        Coalesce(F("closed_at"), Now()) - F("created_at"), output_field=DurationField()
    ),
    "epoch",
    output_field=FloatField(),
)
"""How long a complaint took, or has been open. (An interval made of the promise could overflow.)"""


@dataclass(frozen=True)
class ComplaintFilter:
    """Complaints of one city, narrowed; None leaves a property open.

    Types, agencies and districts are primary keys; `…_after` and `since` are inclusive,
    `…_before` exclusive, all in UTC.
    """

    city: str
    complaint_type: tuple[int, ...] | None = None
    agency: tuple[int, ...] | None = None
    district: tuple[int, ...] | None = None
    status: tuple[str, ...] | None = None
    channel: tuple[str, ...] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    closed_after: datetime | None = None
    closed_before: datetime | None = None
    updated_since: datetime | None = None
    bbox: Box | None = None
    near: Circle | None = None
    cell: int | None = None
    q: Words | None = None
    predicted_late: bool | None = None

    def rows(self) -> ComplaintQuerySet:
        """The complaints, in no order."""
        rows = Complaint.objects.filter(self._city(), **self._plain())
        if self.bbox:
            rows = rows.filter(self.bbox.condition())
        if self.near:
            rows = _within(rows, self.near)
        if self.cell is not None:
            rows = rows.filter(cell__range=stored_range(self.cell))
        if self.q:
            rows = about(rows, self.q)
        if self.predicted_late is not None:
            rows = _late(rows, self.predicted_late)
        return rows

    def _city(self) -> Q:
        # A scalar subquery is a constant to the planner, so that an index on (city, …) serves the
        # order too; a join would sort, and a query of its own would cost a round trip.
        return Q(city_id=City.objects.filter(slug=self.city).values("id")[:1])

    def _plain(self) -> dict[str, Any]:
        conditions = {
            "complaint_type_id__in": self.complaint_type,
            "agency_id__in": self.agency,
            "district_id__in": self.district,
            "status__in": self.status,
            "channel__in": self.channel,
            "created_at__gte": self.created_after,
            "created_at__lt": self.created_before,
            "closed_at__gte": self.closed_after,
            "closed_at__lt": self.closed_before,
            "updated_at__gte": self.updated_since,
        }
        return {lookup: value for lookup, value in conditions.items() if value is not None}


def _within(rows: ComplaintQuerySet, circle: Circle) -> ComplaintQuerySet:
    rows = rows.filter(circle.box().condition())
    return rows.alias(haversine=circle.haversine()).filter(haversine__lte=circle.haversine_limit)


def about(rows: ComplaintQuerySet, words: Words) -> ComplaintQuerySet:
    """Those of `rows` whose public text and type together the words describe."""
    return rows.alias(public_text=PUBLIC_TEXT).filter(words.condition())


def _late(rows: ComplaintQuerySet, is_late: bool) -> ComplaintQuerySet:
    compared = GreaterThan if is_late else LessThanOrEqual
    # A condition that the comparison implies, for the index of complaints with a promise.
    rows = rows.filter(promised_p90_hours__isnull=False)
    return rows.filter(compared(SECONDS_SO_FAR, F("promised_p90_hours") * 3600.0))
