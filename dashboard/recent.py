"""What many ask for at once is made once and shared for a moment."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.conf import settings

from dashboard.overview import Overview, read_overview
from dashboard.selection import Selection

Made = TypeVar("Made")

MOST_KEPT = 64
"""So many things are kept in a process; the one asked for longest ago goes first."""


@dataclass
class _Shared:
    """One thing and when it was asked for; the lock is held by who makes it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    made: Any = None
    asked_at: float = -math.inf


_kept: OrderedDict[Hashable, _Shared] = OrderedDict()
_lock = threading.Lock()


def shared(key: Hashable, make: Callable[[], Made]) -> tuple[Made, bool]:
    """What was made for this key at most `DASHBOARD_FRESH_SECONDS` ago, and whether just now."""
    if not settings.DASHBOARD_FRESH_SECONDS:
        return make(), True
    known = _known(key)
    with known.lock:
        began_at = time.monotonic()
        age = began_at - known.asked_at
        if age < settings.DASHBOARD_FRESH_SECONDS:
            return known.made, False
        known.made = make()
        known.asked_at = began_at
        return known.made, True


def _known(key: Hashable) -> _Shared:
    with _lock:
        known = _kept.setdefault(key, _Shared())
        _kept.move_to_end(key)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
        return known


def recent_overview(selection: Selection, now: datetime) -> tuple[Overview, bool]:
    """The figures of a selection, and whether they are of this very call. Raises TooMany."""
    key = ("figures", selection.city.pk, selection.query())
    return shared(key, lambda: read_overview(selection, now))
