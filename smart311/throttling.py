"""Limits on requests, shared by all processes, that cost an ordinary request no statement.

Each limit counts per minute of the clock. A process takes a hundredth of a limit at a time from the
shared counter and gives it out from memory. What the counter gave out is never more than the
limit, so any number of processes and threads together never let through more; what a process took
and did not use is lost to the others, at most a hundredth each. Reading starts on credit: the
counter is told only once a process has answered a hundredth of the limit, so that somebody who
reads little never causes a statement.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass, field
from time import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.exceptions import APIException, Throttled
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from smart311.client_address import client_network
from smart311.counters import Counter, shared_counter

WINDOW_SECONDS = 60
SHARE = 100
"""A process takes one such part of a limit at a time."""


@dataclass(frozen=True)
class Scope:
    """What is limited; its limits, a minute, are in the settings by name."""

    name: str
    is_on_credit: bool = False

    def limit(self, has_account: bool) -> int:
        """Requests (or complaints, in a bulk) a minute."""
        who = "key" if has_account else "anonymous"
        limit: int = settings.LIMITS_PER_MINUTE[f"{who}_{self.name}"]
        return limit


FILING = Scope("filing")
READING = Scope("reading", is_on_credit=True)
FAILED_KEYS = Scope("failed_keys")


@dataclass
class _Purse:
    """What this process may still give out to somebody in this minute."""

    left: int
    owed: int
    """Given out on credit, and not yet told to the counter."""
    is_spent: bool = False
    """The counter has nothing more for this minute."""


@dataclass
class Limiter:
    """The purses of this process."""

    counter: Counter | None = None
    _window: int = 0
    _purses: dict[str, _Purse] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, name: str, limit: int, amount: int = 1, is_on_credit: bool = False) -> bool:
        """Take so much of somebody's limit of this minute; False, and nothing, if it is spent."""
        share = limit // SHARE
        window = int(time()) // WINDOW_SECONDS
        with self._lock:
            purse = self._purse(name, window, share if is_on_credit else 0)
            if purse.left >= amount:
                purse.left -= amount
                return True
            if purse.is_spent:
                return False
            # What is left goes along: nobody else may take it meanwhile.
            held, purse.left = purse.left, 0
            owed, purse.owed = purse.owed, 0
        wanted = max(amount - held, share, 1)
        # Outside the lock: the counter may be a network away.
        used = self._counter().add(f"{name}:{window}", owed + wanted, 2 * WINDOW_SECONDS)
        granted = limit - (used - wanted)
        with self._lock:
            purse.is_spent = granted <= wanted
            purse.left += held + max(0, min(granted, wanted))
            if purse.left < amount:
                return False
            purse.left -= amount
            return True

    def is_spent(self, name: str) -> bool:
        """Whether this process knows that nothing is left of this minute's limit."""
        if int(time()) // WINDOW_SECONDS != self._window:
            return False
        purse = self._purses.get(name)
        return purse is not None and purse.is_spent and not purse.left

    def forget(self) -> None:
        """Know nothing again, as a process that has just begun."""
        with self._lock:
            self._purses = {}

    def _purse(self, name: str, window: int, credit: int) -> _Purse:
        if window != self._window:
            self._window, self._purses = window, {}
        purse = self._purses.get(name)
        if purse is None:
            purse = self._purses[name] = _Purse(credit, credit)
        return purse

    def _counter(self) -> Counter:
        return self.counter or shared_counter()


limiter = Limiter()


def charge(scope: Scope, request: HttpRequest | Request) -> None:
    """Count one. Raises Throttled."""
    if not _take(scope, request, 1):
        raise Throttled(seconds_left())


def refuse_if_spent(scope: Scope, request: HttpRequest | Request) -> None:
    """Raise Throttled if the limit is known to be spent; count nothing."""
    if limiter.is_spent(f"{scope.name}:{client_network(request)}"):
        raise Throttled(seconds_left())


def seconds_left() -> int:
    """Whole seconds to the next minute, 1 to 60: what `Retry-After` says."""
    return max(1, math.ceil(WINDOW_SECONDS - time() % WINDOW_SECONDS))


def _take(scope: Scope, request: HttpRequest | Request, amount: int) -> bool:
    # A request whose key failed has no user yet.
    account = request.user.pk if scope is not FAILED_KEYS else None
    who = client_network(request) if account is None else f"user-{account}"
    limit = scope.limit(account is not None)
    return limiter.take(f"{scope.name}:{who}", limit, amount, scope.is_on_credit)


class RequestThrottle(BaseThrottle):
    """The default of every API view: one of filing or one of reading.

    Anonymous requests count by their address, others by account, whichever key or session they
    come with.
    """

    def allow_request(self, request: Request, view: object) -> bool:
        """Whether the limit of this minute still has one."""
        return _take(READING if request.method in SAFE_METHODS else FILING, request, 1)

    def wait(self) -> float:
        """Seconds until the next minute."""
        return seconds_left()


class BulkThrottle(BaseThrottle):
    """Each complaint of a bulk counts; one that is larger than the limit takes a whole minute's."""

    scope = FILING

    def allow_request(self, request: Request, view: object) -> bool:
        """Whether the limit of this minute still has so many; else none is counted."""
        try:
            count = self.count(request.data)
        except APIException:
            # The view refuses it, and would find no error if it read the body again.
            charge(self.scope, request)
            raise
        limit = self.scope.limit(request.user.pk is not None)
        return _take(self.scope, request, min(max(count, 1), limit))

    def count(self, data: Any) -> int:
        """How many a body has."""
        return len(data) if isinstance(data, list) else 1

    def wait(self) -> float:
        """Seconds until the next minute."""
        return seconds_left()
