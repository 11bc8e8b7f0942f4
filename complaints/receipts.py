"""Answering a request once, however often it is sent: the protocol of idempotency keys."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction

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


def answer_once(
    city: City, source: str, key: str, payload: Any, make: Callable[[], Answer]
) -> Answer:
    """The answer of `make`, called in one transaction with the record that it was called.

    What `make` raises undoes both: a refused request leaves its key unused. Raises KeyReused,
    StillRunning.
    """
    digest = payload_sha256(payload)
    with transaction.atomic():
        receipt = claim(city, source, key, digest)
        if receipt is None:
            return _stored(city, source, key, digest)
        answer = make()
        IntakeReceipt.objects.filter(pk=receipt).update(
            complaint=answer.complaint_id,
            status=answer.status,
            location=answer.location,
            answer=answer.body,
        )
    return answer


def payload_sha256(payload: Any) -> str:
    """SHA-256 of a JSON value; the order of keys and white space do not matter."""
    text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def claim(city: City, source: str, key: str, digest: str) -> int | None:
    """The new receipt's primary key; None if the key came before.

    Waits while another transaction holds the key. Raises StillRunning after LOCK_TIMEOUT.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        try:
            cursor.execute(
                "INSERT INTO complaints_intakereceipt (city_id, source, key, payload_sha256)"
                " VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
                [city.pk, source, key, digest],
            )
        except OperationalError as error:
            if getattr(error.__cause__, "pgcode", None) == _LOCK_NOT_AVAILABLE:
                raise StillRunning(key) from error
            raise
        row = cursor.fetchone()
    return row[0] if row else None


def _stored(city: City, source: str, key: str, digest: str) -> Answer:
    receipt = IntakeReceipt.objects.filter(city=city, source=source, key=key).first()
    if receipt is None or receipt.status is None:
        # Purged since the claim: the next try starts afresh.
        raise StillRunning(key)
    if receipt.payload_sha256 != digest:
        raise KeyReused(key)
    answer = Answer(receipt.status, receipt.answer, receipt.location, receipt.complaint_id)
    return replace(answer, is_replayed=True)


def purge(now: datetime) -> int:
    """Forget the keys older than KEPT; answers how many."""
    return IntakeReceipt.objects.filter(created_at__lt=now - KEPT).delete()[0]
