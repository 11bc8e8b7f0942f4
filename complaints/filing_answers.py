"""What is answered to whoever files: the serializers of filing document it, this writes it faster.

A test holds every field equal to the serializers'; a field added there has to be added here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from complaints.forecasting import Forecast, QueueAhead, Reason
from complaints.models import Complaint
from complaints.neighbours import Neighbour
from complaints.phrases import forecast_in_words, queue_in_words, reason_in_words
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


class QueueAnswer(msgspec.Struct, frozen=True):
    """Complaints of the type that are open."""

    open_nearby: int | None
    open_in_city: int
    filed_within_hours: int
    words: str


class ReasonAnswer(msgspec.Struct, frozen=True):
    """What one fact does to the median."""

    feature: str
    hours: float
    words: str


class Outlook(msgspec.Struct, frozen=True):
    """What is told with the promise."""

    closed_within: dict[str, float]
    expected_close_at: datetime
    beyond_horizon: bool
    sentence: str
    queue: QueueAnswer | None
    why: list[ReasonAnswer] | None


class Filed(FiledBrief, frozen=True):
    """A complaint just filed."""

    possible_duplicates: list[PossibleDuplicate]
    outlook: Outlook | None


class FiledMany(msgspec.Struct, frozen=True):
    """The complaints of a bulk, in its order."""

    count: int
    complaints: list[FiledBrief]


def stored(complaint: Complaint) -> PublicComplaint:
    """A complaint as the classic `/input/` answers it."""
    return PublicComplaint(**_as_filed(complaint))


def filed(complaint: Complaint, near: Sequence[Neighbour], forecast: Forecast | None) -> Filed:
    """A complaint just filed, with those that may be about the same thing, and what to expect."""
    return Filed(
        **_as_filed(complaint),
        media_url=complaint.media_url,
        possible_duplicates=[_possible_duplicate(neighbour) for neighbour in near],
        outlook=_outlook(forecast) if forecast else None,
    )


def _outlook(forecast: Forecast) -> Outlook:
    return Outlook(
        closed_within={str(hours): share for hours, share in forecast.closed_within.items()},
        expected_close_at=forecast.expected_close_at,
        beyond_horizon=forecast.beyond_horizon,
        sentence=forecast_in_words(forecast),
        queue=_queue(forecast.queue) if forecast.queue else None,
        why=None if forecast.reasons is None else _why(forecast.reasons),
    )


def _why(reasons: Sequence[Reason]) -> list[ReasonAnswer]:
    return [
        ReasonAnswer(reason.feature, reason.hours, reason_in_words(reason)) for reason in reasons
    ]


def _queue(queue: QueueAhead) -> QueueAnswer:
    words = queue_in_words(queue)
    return QueueAnswer(queue.nearby, queue.in_city, queue.filed_within_hours, words)


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
