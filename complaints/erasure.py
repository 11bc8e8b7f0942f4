"""Forgetting who filed a complaint, and what they wrote in private."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from complaints.models import City, Complaint, ComplaintEvent, IntakeReceipt, Reporter
from complaints.models.complaint import ComplaintQuerySet

BATCH = 1000
"""Complaints whose data are erased in one transaction."""
CONTACT = frozenset({"reporter"})
TEXT = frozenset({"description", "media_url"})
"""Where personal data stand in stored answers."""


class AlreadyRunning(Exception):
    """Another erasure of the city has not ended."""


@dataclass(frozen=True)
class Erasure:
    """What is to be erased: of complaints of `city` closed before `before`.

    With `is_open_too` also of those still open that were filed before it. `keeps_text` leaves
    descriptions and pictures, for staff.
    """

    city: City
    before: datetime
    is_open_too: bool = False
    keeps_text: bool = False

    def old(self) -> ComplaintQuerySet:
        """The complaints that are old enough, erased or not."""
        is_old = Q(closed_at__lt=self.before)
        if self.is_open_too:
            is_old |= Q(closed_at=None, created_at__lt=self.before)
        return Complaint.objects.filter(is_old, city=self.city)

    def due(self) -> ComplaintQuerySet:
        """Those of them with something to erase."""
        has_data = Q(Exists(Reporter.objects.filter(complaint=OuterRef("pk"))))
        if not self.keeps_text:
            has_data |= ~Q(description="") | ~Q(media_url="") | ~Q(as_filed={}) | ~Q(attributes={})
        return self.old().filter(has_data)

    @property
    def names(self) -> frozenset[str]:
        """What is erased in stored answers."""
        return CONTACT if self.keeps_text else CONTACT | TEXT


@dataclass(frozen=True)
class Erased:
    """How many complaints and stored answers lost personal data."""

    complaints: int
    receipts: int


def erase(erasure: Erasure, progress: Callable[[int], object] = lambda _count: None) -> Erased:
    """Erase what is due, in transactions of BATCH; stopped, it goes on where it was.

    Each complaint's history says that it happened. Raises AlreadyRunning.
    """
    complaints = receipts = 0
    with _alone(erasure.city):
        while batch := _erase_batch(erasure):
            complaints += batch.complaints
            receipts += batch.receipts
            progress(batch.complaints)
        receipts += _erase_bulk_answers(erasure)
    return Erased(complaints, receipts)


@transaction.atomic
def erase_one(complaint: Complaint, actor: User) -> None:
    """Erase the personal data of one complaint, whatever its age; its history says who did."""
    Complaint.objects.select_for_update().get(pk=complaint.pk)
    erasure = Erasure(city=complaint.city, before=timezone.now())
    _erase_rows([complaint.pk], erasure, actor)
    bulks = IntakeReceipt.objects.filter(
        city=complaint.city, complaint=None, answer__contains=complaint.public_id
    )
    for receipt in bulks.select_for_update().order_by("pk"):
        answer = json.loads(receipt.answer or "{}")
        filed = {row["id"]: row for row in answer.get("complaints", ())}
        if _blank(filed.get(complaint.public_id, {}), erasure.names):
            _save(receipt, answer)


@contextmanager
def _alone(city: City) -> Iterator[None]:
    name = f"erase {city.slug}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(hashtext(%s))", [name])
        if not cursor.fetchone()[0]:
            raise AlreadyRunning(city.slug)
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [name])


def _erase_batch(erasure: Erasure) -> Erased | None:
    """One batch; None when nothing is due any more."""
    with transaction.atomic():
        # Whoever reopens or corrects one of them waits; one reopened just before is not chosen.
        rows = erasure.due().order_by("pk").select_for_update(of=("self",))[:BATCH]
        keys = list(rows.values_list("pk", flat=True))
        if not keys:
            return None
        return _erase_rows(keys, erasure)


def _erase_rows(keys: Collection[int], erasure: Erasure, actor: User | None = None) -> Erased:
    """The data of complaints that are locked."""
    Reporter.objects.filter(complaint__in=keys).delete()
    if not erasure.keeps_text:
        Complaint.objects.filter(pk__in=keys).update(
            description="", media_url="", as_filed={}, attributes={}
        )
    receipts = IntakeReceipt.objects.filter(complaint__in=keys)
    changed = sum(_rewrite(receipt, erasure.names) for receipt in receipts)
    now = timezone.now()
    ComplaintEvent.objects.bulk_create(
        ComplaintEvent(
            complaint_id=key,
            kind=ComplaintEvent.Kind.ERASED,
            occurred_at=now,
            actor=actor,
            is_public=False,
        )
        for key in keys
    )
    return Erased(len(keys), changed)


def _rewrite(receipt: IntakeReceipt, names: Collection[str]) -> bool:
    """Take personal data out of a stored answer to one complaint; whether there was any."""
    answer = json.loads(receipt.answer)
    return _blank(answer, names) and _save(receipt, answer)


def _save(receipt: IntakeReceipt, answer: Any) -> bool:
    receipt.answer = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    receipt.save(update_fields=["answer"])
    return True


def _blank(filed: dict[str, Any], names: Collection[str]) -> bool:
    """Empty what personal data has these names; whether there was any."""
    found = [name for name in names if filed.get(name)]
    for name in found:
        filed[name] = "" if isinstance(filed[name], str) else None
    return bool(found)


def _erase_bulk_answers(erasure: Erasure) -> int:
    """The same for answers to many at once, which belong to no single complaint."""
    changed = 0
    bulks = IntakeReceipt.objects.filter(city=erasure.city, complaint=None).order_by("pk")
    for key in list(bulks.values_list("pk", flat=True)):
        with transaction.atomic():
            receipt = bulks.select_for_update().filter(pk=key).first()
            changed += receipt is not None and _rewrite_bulk(receipt, erasure)
    return changed


def _rewrite_bulk(receipt: IntakeReceipt, erasure: Erasure) -> bool:
    answer = json.loads(receipt.answer or "{}")
    filed = {row["id"]: row for row in answer.get("complaints", ())}
    old = erasure.old().filter(public_id__in=list(filed)).values_list("public_id", flat=True)
    found = [_blank(filed[public_id], erasure.names) for public_id in old]
    return any(found) and _save(receipt, answer)
