"""Complaints straight from columns to JSON: what ComplaintSerializer documents, many times faster.

A test holds every field equal to the serializer's; a field added there has to be added here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

COLUMNS = (
    "public_id",
    "city__slug",
    "complaint_type__code",
    "agency__code",
    "district__code",
    "descriptor",
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
PROMISE_COLUMNS = (
    "promised_median_hours",
    "promised_p10_hours",
    "promised_p90_hours",
    "promised_by",
)


class Promise(msgspec.Struct, frozen=True):
    """The forecast that was given at filing, in hours from filing."""

    median_hours: float
    p10_hours: float | None
    p90_hours: float | None
    model: str


class PublicComplaint(msgspec.Struct, frozen=True):
    """A complaint as the public sees it."""

    id: str
    city: str
    complaint_type: str
    agency: str | None
    district: str | None
    descriptor: str
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


def public_complaints(rows: Iterable[tuple[Any, ...]]) -> list[PublicComplaint]:
    """Complaints from rows of COLUMNS followed by PROMISE_COLUMNS."""
    return [
        PublicComplaint(*(*row[:_width], None if row[_width] is None else Promise(*row[_width:])))
        for row in rows
    ]


def render(page: RenderedPage) -> bytes:
    """The page as JSON."""
    return _encoder.encode(page)
