"""Queries encoded fast: the numbers of `features.encode_query`, with what repeats remembered.

Most of a row depends on few distinct values: a city has hundreds of types and districts, and a
batch asks about few days. That part is computed once for each; time, exact place and queue are
written into a copy of it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from .features import (
    NAN,
    Encoding,
    Matrix,
    Query,
    Row,
    area_block,
    category_block,
    day_block,
    district_of,
    feature_names,
    place_block,
    zone_of,
)
from .queue import QUEUE_FEATURES, UNKNOWN, Queue

MOST_REMEMBERED = 5_000
"""Of each kind; a hundred numbers at most, so a few megabytes."""

Block = Callable[..., Sequence[float]]


class Encoder:
    """Encodes queries for one model. Safe to share between threads."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._zone = zone_of(encoding.time_zone)
        names = feature_names(encoding.horizons_hours)
        self._width = len(names)
        self._day_at, self._hour_at = names.index("weekday"), names.index("hour")
        self._queue_at = names.index(QUEUE_FEATURES[0])
        remember = lru_cache(maxsize=MOST_REMEMBERED)
        self._still = remember(self._still_block)
        self._day = remember(lambda day: np.array(day_block(encoding, day), np.float32))

    def row(self, query: Query, queue: Queue | None = None) -> Row:
        """One query: float32 (k,). Raises ValueError if `created_at` has no time zone."""
        _check_zone(query)
        local = query.created_at.astimezone(self._zone)
        district = district_of(query, self._encoding)
        row = self._still(*_still_key(query, district)).copy()
        row[self._day_at : self._hour_at] = self._day(local.date())
        row[self._hour_at] = local.hour + local.minute / 60
        if query.latitude is not None:
            row[self._hour_at + 1] = query.latitude
        if query.longitude is not None:
            row[self._hour_at + 2] = query.longitude
        if queue is not None and queue.is_known_at(query.created_at):
            row[self._queue_at : self._queue_at + len(QUEUE_FEATURES)] = queue.features(
                query.complaint_type, self._agency(query), district, query.created_at
            )
        return row

    def rows(self, queries: Sequence[Query], queue: Queue | None = None) -> Matrix:
        """Many queries: float32 (n, k), row for row those of `row`."""
        for query in queries:
            _check_zone(query)
        local = [query.created_at.astimezone(self._zone) for query in queries]
        districts = [district_of(query, self._encoding) for query in queries]
        pairs = list(zip(queries, districts, strict=True))
        rows = np.concatenate([self._still(*_still_key(*pair)) for pair in pairs])
        rows = rows.reshape(len(pairs), self._width)
        days = np.concatenate([self._day(moment.date()) for moment in local])
        rows[:, self._day_at : self._hour_at] = days.reshape(len(pairs), -1)
        rows[:, self._hour_at : self._hour_at + 3] = [
            (
                moment.hour + moment.minute / 60,
                NAN if one.latitude is None else one.latitude,
                NAN if one.longitude is None else one.longitude,
            )
            for one, moment in zip(queries, local, strict=True)
        ]
        if queue is not None:
            waiting = self._waiting(pairs, queue)
            rows[:, self._queue_at : self._queue_at + len(QUEUE_FEATURES)] = waiting
        return rows

    def _still_block(
        self,
        kind: str,
        agency: str | None,
        descriptor: str | None,
        location_type: str | None,
        channel: str | None,
        district: str | None,
    ) -> Row:
        """A whole row, in which all that changes with time and exact place is NaN."""
        moving = [NAN] * (self._queue_at + len(QUEUE_FEATURES) - self._day_at)
        numbers = [
            *category_block(self._encoding, kind, agency, descriptor, location_type, channel),
            *place_block(self._encoding, kind, agency, district),
            *moving,
            *area_block(self._encoding, kind, agency, descriptor, district),
        ]
        return np.array(numbers, dtype=np.float32)

    def _waiting(self, pairs: Sequence[tuple[Query, str | None]], queue: Queue) -> Matrix:
        """The queue's numbers: the same for all that ask about the same place and kind."""
        at = queue.taken_at

        def block(kind: str | None, agency: str | None, district: str | None) -> Sequence[float]:
            return UNKNOWN if kind is None else queue.features(kind, agency, district, at)

        return _spread(
            block,
            [
                (one.complaint_type, self._agency(one), district)
                if queue.is_known_at(one.created_at)
                else (None, None, None)
                for one, district in pairs
            ],
        )

    def _agency(self, query: Query) -> str | None:
        return query.agency or self._encoding.typical_agency.get(query.complaint_type)


def _still_key(query: Query, district: str | None) -> tuple[Any, ...]:
    return (
        query.complaint_type,
        query.agency,
        query.descriptor,
        query.location_type,
        query.channel,
        district,
    )


def _check_zone(query: Query) -> None:
    if query.created_at.tzinfo is None:
        raise ValueError(f"got the time {query.created_at} without a zone, expected one with")


def _spread(block: Block, keys: list[tuple[Any, ...]]) -> Matrix:
    """`block` called once per distinct key, a row for each of `keys`."""
    places: dict[Hashable, int] = {}
    codes = [places.setdefault(key, len(places)) for key in keys]
    table = np.array([block(*key) for key in places], np.float32)  # type: ignore[misc]
    return np.asarray(table[codes])
