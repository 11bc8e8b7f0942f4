"""Answering a request once, however often it is sent: the protocol of idempotency keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection
from rest_framework.exceptions import ValidationError

from complaints.models import City, IntakeReceipt

KEPT = timedelta(days=30)
"""How long a key is remembered."""
LOCK_TIMEOUT = "3s"
"""How long a repeated request waits for the first one."""
_LOCK_NOT_AVAILABLE = "55P03"


class KeyReused(ValueError):
    """The key came before, with another payload."""


class StillRunning(Exception):
    """The first request with this key has not ended yet."""


@dataclass(frozen=True)
class Answer:
    """What is sent: an HTTP status, JSON text, and where the new thing is."""

    status: int
    body: str
    location: str = ""
    complaint_id: int | None = None
    is_replayed: bool = False


@dataclass(frozen=True)
class Draft:
    """A request that is understood: the answer it will get, and how what it asks is stored."""

    answer: Answer
    store: Callable[[], None]


def answer_once(
    city: City, source: str, key: str, payload: Any, draft: Callable[[], Draft]
) -> Answer:
    """Store what `draft` makes and its answer, or answer as before if the key came before.

    Call it in a transaction. The answer is complete before anything is written, so that the
    receipt is written once. What `draft` raises leaves the key unused; of a key that was used a
    ValidationError tells nothing, since types may have been retired meanwhile.
    Raises KeyReused, StillRunning.
    """
    digest = payload_sha256(payload)
    try:
        made = draft()
    except ValidationError:
        if before := _stored(city, source, key, digest):
            return before
        raise
    if claim(city, source, key, digest, made.answer):
        made.store()
        return made.answer
    if before := _stored(city, source, key, digest):
        return before
    # Purged since the claim: the next try starts afresh.
    raise StillRunning(key)


def payload_sha256(payload: Any) -> str:
    """SHA-256 of a JSON value; the order of keys and white space do not matter."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def claim(city: City, source: str, key: str, digest: str, answer: Answer) -> bool:
    """Write the receipt; False if the key came before.

    Waits while another transaction holds the key. Raises StillRunning after LOCK_TIMEOUT.
    """
    with connection.cursor() as cursor:
        try:
            # Both in one round trip.
            cursor.execute(
                "SELECT set_config('lock_timeout', %s, true);"
                "INSERT INTO complaints_intakereceipt"
                " (city_id, source, key, payload_sha256, complaint_id, status, location, answer)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
                [
                    *(LOCK_TIMEOUT, city.pk, source, key, digest),
                    *(answer.complaint_id, answer.status, answer.location, answer.body),
                ],
            )
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) == _LOCK_NOT_AVAILABLE:
                raise StillRunning(key) from error
            raise
        return cursor.fetchone() is not None


def _stored(city: City, source: str, key: str, digest: str) -> Answer | None:
    """What was answered to this key, if anything. Raises KeyReused."""
    receipt = IntakeReceipt.objects.filter(city=city, source=source, key=key).first()
    if receipt is None or receipt.status is None:
        return None
    if receipt.payload_sha256 != digest:
        raise KeyReused(key)
    answer = Answer(receipt.status, receipt.answer, receipt.location, receipt.complaint_id)
    return replace(answer, is_replayed=True)


def purge(now: datetime) -> int:
    """Forget the keys older than KEPT; answers how many."""
    return IntakeReceipt.objects.filter(created_at__lt=now - KEPT).delete()[0]
