"""What staff do with a complaint, each step with who took it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.db import connection, transaction
from django.db.models.functions import Now

from complaints.cities import districts_by_key
from complaints.districts import districts_at
from complaints.models import Agency, City, Complaint, ComplaintEvent
from complaints.models.complaint import cell_of
from complaints.publication import rewrite

Actor = AbstractBaseUser | AnonymousUser


class WrongState(ValueError):
    """The complaint is not in the state that this step starts from; says which it is in."""


@contextmanager
def acting_as(user: Actor) -> Iterator[None]:
    """One transaction, whose events the database's triggers record as this user's."""
    with transaction.atomic():
        if user.pk is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('smart311.actor_id', %s, true)", [str(user.pk)])
        yield


def close(complaint: Complaint, at: datetime, resolution: str, actor: Actor) -> None:
    """Close it, and its open duplicates with it.

    Raises WrongState if it is closed, ValueError if `at` is before its filing.
    """
    with acting_as(actor):
        if not complaint.close(at, resolution):
            raise WrongState(f"It is closed already, since {complaint.closed_at:%Y-%m-%d %H:%M}Z.")
        Complaint.objects.filter(duplicate_of=complaint).close_all(at, resolution)


def reopen(complaint: Complaint, actor: Actor) -> None:
    """Open it again. Raises WrongState if it is not closed."""
    with acting_as(actor):
        if not complaint.reopen():
            raise WrongState(f"It is not closed; its status is {complaint.status}.")


def assign(complaint: Complaint, agency: Agency, actor: Actor) -> None:
    """Give it to an agency of its city; to the one that has it already changes nothing."""
    with acting_as(actor):
        complaint.assign(agency)


def comment(complaint: Complaint, text: str, is_public: bool, actor: Actor) -> ComplaintEvent:
    """Add a remark to its history."""
    event = ComplaintEvent(
        complaint=complaint,
        kind=ComplaintEvent.Kind.COMMENTED,
        occurred_at=Now(),
        actor_id=actor.pk,
        text=text,
        is_public=is_public,
    )
    event.save(force_insert=True)
    event.refresh_from_db()
    return event


def mark_duplicate(complaint: Complaint, original: Complaint, actor: Actor) -> None:
    """Link it to the complaint that came first about the same thing.

    Raises WrongState where that would make a chain or a ring: an original is no duplicate.
    """
    with acting_as(actor):
        # Both rows in one order: two agents who link them to each other cannot both win.
        keys = sorted((complaint.pk, original.pk))
        rows = Complaint.objects.select_for_update().order_by("pk").in_bulk(keys)
        if rows[original.pk].duplicate_of_id is not None:
            raise WrongState(f"{original.public_id} is itself a duplicate of another complaint.")
        if complaint.duplicates.exists():
            raise WrongState("Other complaints are duplicates of this one.")
        complaint.link_to(original)


def unmark_duplicate(complaint: Complaint, actor: Actor) -> None:
    """Take back that it is a duplicate; what was closed with its original stays closed.

    Raises WrongState if it is none.
    """
    with acting_as(actor):
        if not complaint.unlink():
            raise WrongState("It is no duplicate.")


def change(complaint: Complaint, values: dict[str, Any], actor: Actor) -> None:
    """Change what is told of it. Raises WrongState if its status is set while it is closed."""
    values = dict(values)
    status = values.pop("status", None)
    with acting_as(actor):
        if status and not complaint.set_in_progress(status == Complaint.Status.IN_PROGRESS):
            raise WrongState("It is closed; reopen it before its status is changed.")
        if values:
            corrected = [name for name in values if _as_told(complaint, name) != values[name]]
            if "latitude" in values:
                values |= _derived(complaint.city, values["latitude"], values["longitude"])
            rewritten = rewrite(complaint, values)
            complaint.updated_at = Now()
            complaint.save(update_fields=[*values, *rewritten, "updated_at"])
            complaint.refresh_from_db(fields=["updated_at"])
            if corrected:
                _record_correction(complaint, corrected, actor)


def _as_told(complaint: Complaint, name: str) -> Any:
    """What was told of it, also where the public reads something else."""
    return complaint.as_filed.get(name, getattr(complaint, name))


def _derived(city: City, latitude: float | None, longitude: float | None) -> dict[str, Any]:
    """Cell and district of a place, or of none."""
    if latitude is None or longitude is None:
        return {"cell": None, "district": None}
    [key] = districts_at(city, [(latitude, longitude)])
    district = districts_by_key(city, [key])[key] if key else None
    return {"cell": cell_of(latitude, longitude), "district": district}


def _record_correction(complaint: Complaint, names: list[str], actor: Actor) -> None:
    """Which fields were corrected; what stood in them may be private."""
    ComplaintEvent.objects.create(
        complaint=complaint,
        kind=ComplaintEvent.Kind.CORRECTED,
        occurred_at=Now(),
        actor_id=actor.pk,
        text=", ".join(sorted(names)),
    )
