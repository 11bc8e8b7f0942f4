"""The queues that staff work through: each a filter, an order, and a cheap count.

Open and unassigned ones are counted by a roll-up. The others depend on the time of day or on a
second table; they are counted through an index, up to a limit.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, F, OrderBy, OuterRef, Q

from complaints.access import is_confined, worked_by
from complaints.cities import cities
from complaints.models import City, Complaint, ComplaintEvent
from complaints.models.complaint_rows import ComplaintQuerySet
from complaints.neighbours import DUPLICATE_AGE
from complaints.rollups.waiting import NO_AGENCY, waiting_by_agency

STALE_AFTER = timedelta(days=14)
COUNTED_UP_TO = 10_000
"""Counting goes no further: nobody works through more, and the page should not wait for it."""

Rows = ComplaintQuerySet
Narrow = Callable[[Rows, datetime], Rows]
Order = tuple[OrderBy, ...]

BY_RISK = (
    F("risk").desc(nulls_last=True),
    # Those without a promise, or past it: the newest first.
    F("created_at").desc(),
)
SOONEST = (F("deadline_at").asc(nulls_last=True),)
NEWEST = (F("created_at").desc(),)
LAST_STORED = (F("pk").desc(),)
LONGEST_UNTOUCHED = (F("updated_at").asc(),)


@dataclass(frozen=True)
class Queue:
    """A saved filter; `narrow` takes rows with deadlines and a moment."""

    name: str
    title: str
    told: str
    narrow: Narrow
    order: Order
    is_counted: bool = True
    counted_up_to: int = COUNTED_UP_TO
    is_in_rollup: bool = False

    def rows(self, rows: Rows, now: datetime) -> Rows:
        """Those of some complaints that are in it, with `deadline_at` and `risk`."""
        return self.narrow(rows.with_risk(now), now)

    def in_words(self, count: int) -> str:
        """`1,234`, or that there are more than are counted."""
        if self.is_in_rollup:
            return f"{count:,}"
        return f"{min(count, self.counted_up_to):,}{'+' if count > self.counted_up_to else ''}"

    def count(self, rows: Rows, now: datetime) -> int:
        """How many there are, at most `counted_up_to` and one more."""
        found = self.narrow(rows.with_deadline(), now).order_by().values("pk")
        return found[: self.counted_up_to + 1].count()


def _open(rows: Rows, now: datetime) -> Rows:
    return rows.open()


def _due_today(rows: Any, now: datetime) -> Rows:
    found: Rows = rows.open().filter(_by_the_end_of_the_day(now), deadline_at__gt=now)
    return found


def _overdue(rows: Any, now: datetime) -> Rows:
    found: Rows = rows.open().filter(deadline_at__lte=now)
    return found


def _unassigned(rows: Rows, now: datetime) -> Rows:
    return rows.open().filter(agency=None)


def _duplicates(rows: Rows, now: datetime) -> Rows:
    """Another open one of the type was filed before it, in the same H3 cell, days ago at most."""
    earlier = Complaint.objects.open().filter(
        complaint_type=OuterRef("complaint_type"),
        cell=OuterRef("cell"),
        created_at__lte=OuterRef("created_at"),
        created_at__gt=OuterRef("created_at") - DUPLICATE_AGE,
        pk__lt=OuterRef("pk"),
    )
    waiting = rows.open().filter(created_at__gt=now - DUPLICATE_AGE, is_duplicate=False)
    return waiting.filter(Exists(earlier.filter(duplicate_of=None)))


def _stale(rows: Rows, now: datetime) -> Rows:
    """A remark changes the history and not the complaint, so both are asked."""
    since = now - STALE_AFTER
    touched = ComplaintEvent.objects.filter(complaint=OuterRef("pk"), recorded_at__gt=since)
    return rows.open().filter(~Exists(touched), updated_at__lte=since)


def _everything(rows: Rows, now: datetime) -> Rows:
    return of_known_cities(rows)


def of_known_cities(rows: Rows) -> Rows:
    """All of them: the index that has complaints in order begins with the city."""
    return rows.filter(city__in=[known.city.pk for known in cities.state().values()])


def _by_the_end_of_the_day(now: datetime) -> Q:
    """Deadlines before midnight, in each city by its own clock."""
    each = (
        Q(city=known.city, deadline_at__lt=_midnight(known.city, now))
        for known in cities.state().values()
    )
    return functools.reduce(operator.or_, each, Q(pk=None))


def _midnight(city: City, now: datetime) -> datetime:
    tomorrow = city.localise(now).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=city.zone)


QUEUES = (
    Queue(
        "open",
        "Open",
        "Open complaints, those first whose promise is most likely to be broken",
        _open,
        BY_RISK,
        is_in_rollup=True,
    ),
    Queue(
        "due-today",
        "Due today",
        "The promise ends before midnight; the most endangered first",
        _due_today,
        BY_RISK,
    ),
    Queue("overdue", "Overdue", "The promise is broken; the longest ago first", _overdue, SOONEST),
    Queue(
        "unassigned",
        "Unassigned",
        "No agency works it",
        _unassigned,
        NEWEST,
        is_in_rollup=True,
    ),
    Queue(
        "duplicates",
        "Possible duplicates",
        f"An older open one of the type is a few hundred metres away, of the last "
        f"{DUPLICATE_AGE.days} days",
        _duplicates,
        NEWEST,
        # Each is looked for in an index of its own.
        counted_up_to=1_000,
    ),
    Queue(
        "stale",
        "Stale",
        f"Nothing happened for {STALE_AFTER.days} days; the longest first",
        _stale,
        LONGEST_UNTOUCHED,
    ),
    Queue(
        "all",
        "All",
        "Closed ones too, the last stored first",
        _everything,
        # No index is in the order of filing for all cities and agencies at once.
        LAST_STORED,
        is_counted=False,
    ),
)
BY_NAME = {queue.name: queue for queue in QUEUES}


def queues_of(user: User) -> tuple[Queue, ...]:
    """The queues of a member of staff: who is confined to agencies sees nothing unassigned."""
    if not is_confined(user):
        return QUEUES
    return tuple(queue for queue in QUEUES if queue.name != "unassigned")


def counts(user: User, now: datetime) -> dict[str, int]:
    """How many complaints wait in each queue of this member of staff, by name."""
    rows, waiting = worked_by(user, Complaint.objects.all()), waiting_by_agency()
    own = {agency.pk for agency in user.agencies.all()} if is_confined(user) else set(waiting)
    exact = {
        "open": sum(count for agency, count in waiting.items() if agency in own),
        "unassigned": waiting.get(NO_AGENCY, 0),
    }
    return {
        queue.name: exact[queue.name] if queue.is_in_rollup else queue.count(rows, now)
        for queue in queues_of(user)
        if queue.is_counted
    }
