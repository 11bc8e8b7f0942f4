"""Figures that many ask for at once are computed once and shared for a moment."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings

from dashboard.overview import Overview, read_overview
from dashboard.selection import Selection

MOST_CHOICES = 64
"""So many filters are kept in a process; the one asked for longest ago goes first."""


@dataclass
class _Shared:
    """One filter's figures and when they were asked for; the lock is held by who computes them."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    found: Overview | None = None
    asked_at: float = 0.0


_by_choice: OrderedDict[tuple[int, str], _Shared] = OrderedDict()
_lock = threading.Lock()


def recent_overview(selection: Selection, now: datetime) -> tuple[Overview, bool]:
    """The figures, at most `DASHBOARD_FRESH_SECONDS` old, and whether they are of this very call.

    Raises TooMany.
    """
    if not settings.DASHBOARD_FRESH_SECONDS:
        return read_overview(selection, now), True
    shared = _shared((selection.city.pk, selection.query()))
    with shared.lock:
        began_at = time.monotonic()
        fresh = began_at - shared.asked_at < settings.DASHBOARD_FRESH_SECONDS
        if shared.found is not None and fresh:
            return shared.found, False
        shared.found = read_overview(selection, now)
        shared.asked_at = began_at
        return shared.found, True


def _shared(choice: tuple[int, str]) -> _Shared:
    with _lock:
        shared = _by_choice.setdefault(choice, _Shared())
        _by_choice.move_to_end(choice)
        while len(_by_choice) > MOST_CHOICES:
            _by_choice.popitem(last=False)
        return shared
