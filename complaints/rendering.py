"""Complaints straight from columns to JSON: what ComplaintSerializer documents, many times faster.

A test holds every field equal to the serializer's; a field added there has to be added here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec
from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.lookups import GreaterThanOrEqual

from complaints.codes import Codes, codes
from complaints.models import Complaint
from complaints.models.promise import HORIZON_HOURS
from complaints.publication import SHOWN_DESCRIPTION

COLUMNS: tuple[str | Combinable, ...] = (
    "public_id",
    "city__slug",
    "complaint_type__code",
    "agency__code",
    "district__code",
    "descriptor",
    SHOWN_DESCRIPTION,
    "status",
    "created_at",
    "closed_at",
    "updated_at",
    "due_at",
    "latitude",
    "longitude",
    "address",
    "zip",
    "channel",
    "source",
    "external_id",
    "resolution",
)
"""Where each field of PublicComplaint but the last is found, seen from a complaint."""
KEY_COLUMNS: tuple[str | Combinable, ...] = (
    "public_id",
    "city_id",
    "complaint_type_id",
    "agency_id",
    "district_id",
    *COLUMNS[5:],
)
"""The same with keys, whose codes are in memory, in place of what other tables say."""
PROMISE_COLUMNS: tuple[str | Combinable, ...] = (
    "promised_median_hours",
    "promised_p10_hours",
    "promised_p90_hours",
    "promised_by",
    GreaterThanOrEqual(F("promised_median_hours"), HORIZON_HOURS),
)


class Promise(msgspec.Struct, frozen=True):
    """The forecast that was given at filing, in hours from filing.

    `beyond_horizon`: the median is the last hour that models speak of, because it lies past it.
    """

    median_hours: float
    p10_hours: float | None
    p90_hours: float | None
    model: str
    beyond_horizon: bool


class PublicComplaint(msgspec.Struct, frozen=True):
    """A complaint as the public sees it."""

    id: str
    city: str
    complaint_type: str
    agency: str | None
    district: str | None
    descriptor: str
    description: str
    status: str
    created_at: datetime
    closed_at: datetime | None
    updated_at: datetime
    due_at: datetime | None
    latitude: float | None
    longitude: float | None
    address: str
    zip: str
    channel: str
    source: str
    external_id: str | None
    resolution: str
    forecast: Promise | None


class RenderedPage(msgspec.Struct, frozen=True):
    """One page of a list, with the addresses of those beside it."""

    next: str | None
    previous: str | None
    results: list[PublicComplaint]


_encoder = msgspec.json.Encoder()
_width = len(COLUMNS)


def public_complaints(rows: Sequence[tuple[Any, ...]]) -> list[PublicComplaint]:
    """Complaints from rows of KEY_COLUMNS followed by PROMISE_COLUMNS."""
    if not rows:
        return []
    try:
        return _with_codes(rows, codes.state())
    except KeyError:  # one that is new
        return _with_codes(rows, codes.renew())


def _with_codes(rows: Sequence[tuple[Any, ...]], known: Codes) -> list[PublicComplaint]:
    return [
        PublicComplaint(
            *(
                row[0],
                known.cities[row[1]],
                known.types[row[2]],
                known.agencies[row[3]],
                known.districts[row[4]],
                *row[5:_width],
                None if row[_width] is None else Promise(*row[_width:]),
            )
        )
        for row in rows
    ]


class Promised(Protocol):
    """What has the promise's columns: a complaint, or a part of its row."""

    @property
    def promised_median_hours(self) -> float | None:
        """Hours from filing; None where nothing was promised."""

    @property
    def promised_p10_hours(self) -> float | None:
        """Hours from filing."""

    @property
    def promised_p90_hours(self) -> float | None:
        """Hours from filing."""

    @property
    def promised_by(self) -> str:
        """The version of the model."""

    @property
    def is_promised_beyond_horizon(self) -> bool:
        """Whether the median stands for a later one."""


def public_fields(complaint: Complaint) -> dict[str, Any]:
    """The fields of PublicComplaint, from a complaint with its names."""
    agency, district = complaint.agency, complaint.district
    return {
        "id": complaint.public_id,
        "city": complaint.city.slug,
        "complaint_type": complaint.complaint_type.code,
        "agency": agency.code if agency else None,
        "district": district.code if district else None,
        "descriptor": complaint.descriptor,
        "description": complaint.shown_description,
        "status": complaint.status,
        "created_at": complaint.created_at,
        "closed_at": complaint.closed_at,
        "updated_at": complaint.updated_at,
        "due_at": complaint.due_at,
        "latitude": complaint.latitude,
        "longitude": complaint.longitude,
        "address": complaint.address,
        "zip": complaint.zip,
        "channel": complaint.channel,
        "source": complaint.source,
        "external_id": complaint.external_id,
        "resolution": complaint.resolution,
        "forecast": promise_of(complaint),
    }


def promise_of(complaint: Promised) -> Promise | None:
    """The forecast that was given at its filing, if one was."""
    if complaint.promised_median_hours is None:
        return None
    return Promise(
        median_hours=complaint.promised_median_hours,
        p10_hours=complaint.promised_p10_hours,
        p90_hours=complaint.promised_p90_hours,
        model=complaint.promised_by,
        beyond_horizon=complaint.is_promised_beyond_horizon,
    )


def render(body: msgspec.Struct) -> bytes:
    """An answer as JSON."""
    return _encoder.encode(body)
