"""Counting across processes: in PostgreSQL, or in Redis where there is one."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from functools import cache
from typing import Protocol

import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone

from smart311.models import ThrottleCount

logger = logging.getLogger(__name__)

PURGED_EVERY_SECONDS = 60.0
REDIS_TIMEOUT_SECONDS = 0.25
REDIS_LEFT_ALONE_SECONDS = 5.0
"""How long a process counts for itself before it asks a Redis that failed again."""
_ADD = """
INSERT INTO smart311_throttlecount AS kept (key, used, expires_at)
VALUES (%s, %s, now() + make_interval(secs => %s))
ON CONFLICT (key) DO UPDATE SET used = kept.used + excluded.used
RETURNING used
"""


class Counter(Protocol):
    """A number under each key."""

    def add(self, key: str, amount: int, seconds: int) -> int:
        """Count `amount` more and answer the sum; a new key is forgotten after `seconds`."""


class LocalCounter:
    """Counts of this process alone."""

    def __init__(self) -> None:
        self._used: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()
        self._purged_at = 0.0

    def add(self, key: str, amount: int, seconds: int) -> int:
        """Count in memory."""
        now = time.monotonic()
        with self._lock:
            if now - self._purged_at > PURGED_EVERY_SECONDS:
                self._used = {name: kept for name, kept in self._used.items() if kept[1] > now}
                self._purged_at = now
            used, until = self._used.get(key, (0, now + seconds))
            self._used[key] = (used + amount, until)
            return used + amount


class PostgresCounter:
    """One statement a count, atomic between all processes.

    Raises Django's OperationalError, which an API view answers with 503, where the database is
    down: then the request could do nothing either.
    """

    def __init__(self) -> None:
        self._purged_at = time.monotonic()

    def add(self, key: str, amount: int, seconds: int) -> int:
        """Count in the database; now and then forget what is past, addresses among it."""
        with connection.cursor() as cursor:
            cursor.execute(_ADD, [key, amount, seconds])
            used: int = cursor.fetchone()[0]
        if time.monotonic() - self._purged_at > PURGED_EVERY_SECONDS:
            self._purged_at = time.monotonic()
            past = timezone.now() - timedelta(seconds=seconds)
            ThrottleCount.objects.filter(expires_at__lt=past).delete()
        return used


class RedisCounter:
    """One round trip a count. Where Redis is down each process counts for itself meanwhile:
    nobody's complaint is refused because a counter is missing.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        )
        self._meanwhile = LocalCounter()
        self._down_until = 0.0

    def add(self, key: str, amount: int, seconds: int) -> int:
        """Count in Redis."""
        if time.monotonic() < self._down_until:
            return self._meanwhile.add(key, amount, seconds)
        try:
            pipe = self._redis.pipeline(transaction=True)
            pipe.incrby(f"smart311:{key}", amount)
            pipe.expire(f"smart311:{key}", seconds)
            return int(pipe.execute()[0])
        except redis.RedisError as error:
            logger.error("Redis does not count, each process counts for itself: %s", error)
            self._down_until = time.monotonic() + REDIS_LEFT_ALONE_SECONDS
            return self._meanwhile.add(key, amount, seconds)


@cache
def shared_counter() -> Counter:
    """The counter that all processes of this installation share."""
    return RedisCounter(settings.REDIS_URL) if settings.REDIS_URL else PostgresCounter()
