"""Pages by key: stable while rows arrive, and never a COUNT.

DRF's cursor counts the rows of equal time that a page ended in; one more with that time, and the
next page repeats or loses a row. Ours is the time and the key of the row itself.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from django.db.models import F
from django.db.models.expressions import Combinable
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan

from complaints.models.complaint import ComplaintQuerySet

ORDERINGS = (
    "-created_at",
    "created_at",
    "-closed_at",
    "closed_at",
    "-updated_at",
    "updated_at",
)
DEFAULT_ORDERING = ORDERINGS[0]
DEFAULT_PAGE_SIZE = 100
MOST_PAGE_SIZE = 1000
_MOST_CURSOR = 200
"""Characters; ours have about 90."""


class Cursor(msgspec.Struct, array_like=True, frozen=True, forbid_unknown_fields=True):
    """A place in an ordering: after (`is_back`: before) the row with this time and key."""

    ordering: str
    value: datetime
    key: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    is_back: bool

    def encoded(self) -> str:
        """The cursor as a query parameter."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """The cursor that `encoded` wrote. Raises ValueError."""
        if not text.isascii() or len(text) > _MOST_CURSOR:
            raise ValueError("a cursor as an earlier page gave it")
        try:
            raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            cursor = msgspec.json.decode(raw, type=cls)
            in_utc = msgspec.structs.replace(cursor, value=cursor.value.astimezone(UTC))
        except (ValueError, OverflowError) as error:
            raise ValueError("a cursor as an earlier page gave it") from error
        if cursor.value.tzinfo is None or cursor.ordering not in ORDERINGS:
            raise ValueError("a cursor as an earlier page gave it")
        return in_utc


@dataclass(frozen=True)
class Page:
    """Rows in order, and where the pages beside them begin."""

    rows: list[tuple[Any, ...]]
    next: Cursor | None
    previous: Cursor | None


@dataclass(frozen=True)
class PageRequest:
    """Which page of which ordering."""

    ordering: str = DEFAULT_ORDERING
    size: int = DEFAULT_PAGE_SIZE
    cursor: Cursor | None = None

    def cut(self, rows: ComplaintQuerySet, columns: tuple[str | Combinable, ...]) -> Page:
        """The page of `rows` as tuples of `columns`; one query."""
        name = self.ordering.lstrip("-")
        is_back = self.cursor is not None and self.cursor.is_back
        ordered = in_order(rows, self.ordering, is_back)
        if self.cursor:
            ordered = _beyond(ordered, self.cursor)
        found = list(ordered.values_list(*columns, name, "pk")[: self.size + 1])
        is_more, found = len(found) > self.size, found[: self.size]
        if is_back:
            found.reverse()
        has_next = is_back or is_more
        has_previous = is_more if is_back else self.cursor is not None
        return Page(
            [row[:-2] for row in found],
            self._at(found[-1], False) if found and has_next else None,
            self._at(found[0], True) if found and has_previous else None,
        )

    def _at(self, row: tuple[Any, ...], is_back: bool) -> Cursor:
        return Cursor(self.ordering, row[-2].astimezone(UTC), row[-1], is_back)


def in_order(rows: ComplaintQuerySet, ordering: str, is_back: bool = False) -> ComplaintQuerySet:
    """Rows by one of ORDERINGS, ties by key; by `closed_at` only those that are closed."""
    name = ordering.lstrip("-")
    if name == "closed_at":
        rows = rows.filter(closed_at__isnull=False)
    sign = "-" if ordering.startswith("-") != is_back else ""
    return rows.order_by(f"{sign}{name}", f"{sign}pk")


def _beyond(rows: ComplaintQuerySet, cursor: Cursor) -> ComplaintQuerySet:
    name = cursor.ordering.lstrip("-")
    is_down = cursor.ordering.startswith("-") != cursor.is_back
    # As one row: the index is entered at the place itself, however many rows share the moment.
    beyond = TupleLessThan if is_down else TupleGreaterThan
    return rows.filter(beyond(Tuple(F(name), F("pk")), (cursor.value, cursor.key)))
