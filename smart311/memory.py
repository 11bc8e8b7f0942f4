"""What a process keeps in memory of the database, so that no request has to read it.

One background thread reads it again every `FORECAST_REFRESH_SECONDS`; requests look at what it
left. A database outage leaves what was known in place.
"""

from __future__ import annotations

import functools
import gc
import logging
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections

logger = logging.getLogger(__name__)

State = TypeVar("State")

RESTS_PER_READ = 9
"""A slow database is not read all the time …"""
LONGEST_REST_SECONDS = 3.0
"""… but a newly activated model has to be seen within five seconds, reading included."""

TURN_SECONDS = 0.0005
"""How long the thread may go on computing while a request waits; Python's own 5 ms would show."""


class Memory(Generic[State]):
    """What `read` found last; it is told what it had found before, None at first."""

    def __init__(self, read: Callable[[State | None], State]) -> None:
        self._read = read
        self._state: State | None = None
        self._lock = threading.RLock()
        _memories.append(self)

    def state(self) -> State:
        """What is known; the first call reads it.

        Raises Django's OperationalError if the database cannot be read that first time.
        """
        if settings.FORECAST_REFRESH_SECONDS:
            _renew_in_background()
            if (known := self._state) is not None:
                return known
        with self._lock:
            if self._state is None or not settings.FORECAST_REFRESH_SECONDS:
                return self.renew()
            return self._state

    def renew(self) -> State:
        """Read it now, because something is missing from what is known."""
        with self._lock:
            self._state = self._read(self._state)
            return self._state

    def loaded(self) -> State | None:
        """What is in memory, without ever waiting; None before the first `state()`."""
        return self._state

    def forget(self) -> None:
        """Know nothing again, as a process that has just begun."""
        self._state = None


_memories: list[Memory[Any]] = []


def forget_everything() -> None:
    """Know nothing again of anything."""
    for memory in _memories:
        memory.forget()


def rest_seconds(took: float) -> float:
    """How long to wait after a reading that took so many seconds."""
    longer = min(took * RESTS_PER_READ, LONGEST_REST_SECONDS)
    return max(settings.FORECAST_REFRESH_SECONDS, longer)


@functools.cache
def _renew_in_background() -> None:
    """Start the thread, once a process."""
    sys.setswitchinterval(TURN_SECONDS)
    threading.Thread(target=_renew_forever, name="memory", daemon=True).start()


def _renew_forever() -> None:
    took = 0.0
    time.sleep(rest_seconds(took))
    # What is loaded by now stays: the collector need not go through all of it again and again.
    gc.freeze()
    while True:
        started = time.monotonic()
        close_old_connections()
        for memory in _memories:
            try:
                if memory.loaded() is not None:
                    memory.renew()
            except (DatabaseError, InterfaceError) as error:
                logger.warning("it goes on with what it knows: %s", error)
            # Whatever is wrong, the thread has to live: without it no change is ever seen.
            except Exception:
                logger.exception("it goes on with what it knows")
        took = time.monotonic() - started
        time.sleep(rest_seconds(took))
