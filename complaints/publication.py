"""What the public reads of the texts that people file, stored beside them.

Stored, and not redacted when read: lists and exports are made in SQL, and a text search may look
only at what may be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Case, Q, TextField, Value, When
from django.db.models.functions import Now

from complaints.models import City, Complaint
from complaints.models.complaint import ComplaintQuerySet
from complaints.redaction import RULES_VERSION, redact

PUBLIC_FIELDS = {
    name: getattr(Complaint._meta.get_field(name), "max_length", None)
    for name in ("descriptor", "address", "zip", "channel")
}
"""Written by whoever files, read by everybody; with the most characters of each."""
PUBLISHED = ("public_description", "as_filed", "redaction", *PUBLIC_FIELDS)
"""What `publish` sets."""
BATCH = 1000
"""Complaints whose public text is renewed in one transaction."""

SHOWN_DESCRIPTION = Case(
    When(city__description_policy=City.DescriptionPolicy.REDACTED, then="public_description"),
    default=Value(""),
    output_field=TextField(),
)
"""Complaint.shown_description in SQL."""


def mark_of(city: City) -> str:
    """What a complaint's `redaction` says when its public text is what it should be."""
    return f"{city.description_policy}-{RULES_VERSION}"


def publish(complaint: Complaint) -> None:
    """Set what the public reads from what was written; not saved.

    What redaction takes out of public fields is kept in `as_filed`, for staff; those of a row
    that was imported are public as its publisher has them. Where the description itself was
    erased, what was public of it stays so.
    """
    city = complaint.city
    if complaint.observed_at is None:
        _publish_fields(complaint, city)
    description = complaint.description or complaint.public_description
    complaint.public_description = public_description(city, description)
    complaint.redaction = mark_of(city)


def public_description(city: City, description: str) -> str:
    """What the public reads of a description."""
    return redact(description, city.country) if city.publishes_descriptions else ""


def _publish_fields(complaint: Complaint, city: City) -> None:
    written = {
        name: complaint.as_filed.get(name, getattr(complaint, name)) for name in PUBLIC_FIELDS
    }
    for name, text in written.items():
        # What is written in its place may be longer than what was found.
        setattr(complaint, name, redact(text, city.country)[: PUBLIC_FIELDS[name]])
    complaint.as_filed = {
        name: text for name, text in written.items() if text != getattr(complaint, name)
    }


def rewrite(complaint: Complaint, values: Mapping[str, Any]) -> tuple[str, ...]:
    """Set fields to new values, and what the public reads of them; not saved.

    Answers which fields were set besides.
    """
    complaint.as_filed = {
        name: text for name, text in complaint.as_filed.items() if name not in values
    }
    if "description" in values:
        complaint.public_description = ""
    for name, value in values.items():
        setattr(complaint, name, value)
    publish(complaint)
    return tuple(name for name in PUBLISHED if name not in values)


@dataclass(frozen=True)
class Renewed:
    """How many complaints were redacted anew, and of how many the public reads something else."""

    read: int
    changed: int

    def __add__(self, other: Renewed) -> Renewed:
        return Renewed(self.read + other.read, self.changed + other.changed)


def outdated(city: City) -> ComplaintQuerySet:
    """Complaints whose public text another policy or older rules made."""
    ours = Q(observed_at=None) | ~Q(description="")
    return Complaint.objects.filter(ours, city=city).exclude(redaction=mark_of(city))


def renew(city: City, progress: Callable[[int], object] = lambda _count: None) -> Renewed:
    """Redact anew what is outdated, in transactions of BATCH; stopped, it goes on where it was."""
    read = changed = 0
    while batch := _renew_batch(city):
        read += len(batch)
        changed += sum(batch)
        progress(len(batch))
    return Renewed(read, changed)


def _renew_batch(city: City) -> list[bool]:
    """For each complaint of a batch whether the public reads something else now."""
    with transaction.atomic():
        rows = list(outdated(city).order_by("pk").select_for_update()[:BATCH])
        return _renew_rows(rows, city)


def _renew_rows(rows: list[Complaint], city: City) -> list[bool]:
    has_changed = []
    for complaint in rows:
        complaint.city = city
        before = _public(complaint)
        publish(complaint)
        has_changed.append(_public(complaint) != before)
        if has_changed[-1]:
            # For those who keep in step by `updated_since`.
            complaint.updated_at = Now()
    Complaint.objects.bulk_update(rows, [*PUBLISHED, "updated_at"])
    return has_changed


def _public(complaint: Complaint) -> tuple[str, ...]:
    return tuple(getattr(complaint, name) for name in ("public_description", *PUBLIC_FIELDS))
