"""What is answered to whoever files: the serializers of filing document it, this writes it faster.

A test holds every field equal to the serializers'; a field added there has to be added here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from complaints.models import Complaint
from complaints.neighbours import Neighbour
from complaints.rendering import Promise, PublicComplaint, promise_of, public_fields


class FiledBrief(PublicComplaint, frozen=True):
    """A complaint as a bulk answers it."""

    media_url: str


class PossibleDuplicate(msgspec.Struct, frozen=True):
    """An open complaint that may be about the same thing."""

    id: str
    status: str
    created_at: datetime
    distance_metres: float
    age_hours: float
    forecast: Promise | None


class Filed(FiledBrief, frozen=True):
    """A complaint just filed."""

    possible_duplicates: list[PossibleDuplicate]


class FiledMany(msgspec.Struct, frozen=True):
    """The complaints of a bulk, in its order."""

    count: int
    complaints: list[FiledBrief]


def stored(complaint: Complaint) -> PublicComplaint:
    """A complaint as the classic `/input/` answers it."""
    return PublicComplaint(**_as_filed(complaint))


def filed(complaint: Complaint, near: Sequence[Neighbour]) -> Filed:
    """A complaint just filed, with those that may be about the same thing."""
    return Filed(
        **_as_filed(complaint),
        media_url=complaint.media_url,
        possible_duplicates=[_possible_duplicate(neighbour) for neighbour in near],
    )


def filed_many(complaints: Sequence[Complaint]) -> FiledMany:
    """The complaints of a bulk."""
    rows = [
        FiledBrief(**_as_filed(complaint), media_url=complaint.media_url)
        for complaint in complaints
    ]
    return FiledMany(len(rows), rows)


def _as_filed(complaint: Complaint) -> dict[str, Any]:
    """The public fields, with the description that whoever files has just written."""
    return public_fields(complaint) | {"description": complaint.description}


def _possible_duplicate(neighbour: Neighbour) -> PossibleDuplicate:
    complaint = neighbour.complaint
    return PossibleDuplicate(
        id=complaint.public_id,
        status=complaint.status,
        created_at=complaint.created_at,
        distance_metres=neighbour.distance_metres,
        age_hours=neighbour.age_hours,
        forecast=promise_of(complaint),
    )
