"""Queries encoded fast: the numbers of `features.encode_query`, with what repeats remembered.

A row is made of blocks that depend on few distinct values: a city has hundreds of types and
districts, and a batch asks about few days. A block is computed once for each.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import lru_cache, partial
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
    place_block,
    zone_of,
)
from .queue import UNKNOWN, Queue

MOST_REMEMBERED = 10_000
"""Of each kind of block; a hundred numbers at most, so a few megabytes."""

Block = Callable[..., Sequence[float]]


class Encoder:
    """Encodes queries for one model. Safe to share between threads."""

    def __init__(self, encoding: Encoding) -> None:
        self._encoding = encoding
        self._zone = zone_of(encoding.time_zone)
        remember = lru_cache(maxsize=MOST_REMEMBERED)
        self._category = remember(partial(category_block, encoding))
        self._place = remember(partial(place_block, encoding))
        self._area = remember(partial(area_block, encoding))
        self._day = remember(partial(day_block, encoding))

    def row(self, query: Query, queue: Queue | None = None) -> Row:
        """One query: float32 (k,). Raises ValueError if `created_at` has no time zone."""
        kind, moment = query.complaint_type, query.created_at
        _check_zone(query)
        local = moment.astimezone(self._zone)
        district = district_of(query, self._encoding)
        waiting: Sequence[float] = UNKNOWN
        if queue is not None and queue.is_known_at(moment):
            waiting = queue.features(kind, self._agency(query), district, moment)
        numbers = [
            *self._category(
                kind, query.agency, query.descriptor, query.location_type, query.channel
            ),
            *self._place(kind, query.agency, district),
            *self._day(local.date()),
            local.hour + local.minute / 60,
            NAN if query.latitude is None else query.latitude,
            NAN if query.longitude is None else query.longitude,
            *waiting,
            *self._area(kind, query.agency, query.descriptor, district),
        ]
        return np.array(numbers, dtype=np.float32)

    def rows(self, queries: Sequence[Query], queue: Queue | None = None) -> Matrix:
        """Many queries: float32 (n, k), row for row those of `row`."""
        for query in queries:
            _check_zone(query)
        local = [query.created_at.astimezone(self._zone) for query in queries]
        districts = [district_of(query, self._encoding) for query in queries]
        pairs = list(zip(queries, districts, strict=True))
        blocks = [
            _spread(
                self._category,
                [
                    (one.complaint_type, one.agency, one.descriptor, one.location_type, one.channel)
                    for one in queries
                ],
            ),
            _spread(self._place, [(one.complaint_type, one.agency, place) for one, place in pairs]),
            _spread(self._day, [(moment.date(),) for moment in local]),
            np.array(
                [
                    (
                        moment.hour + moment.minute / 60,
                        NAN if one.latitude is None else one.latitude,
                        NAN if one.longitude is None else one.longitude,
                    )
                    for one, moment in zip(queries, local, strict=True)
                ],
                np.float32,
            ),
            self._waiting(pairs, queue),
            _spread(
                self._area,
                [(one.complaint_type, one.agency, one.descriptor, place) for one, place in pairs],
            ),
        ]
        return np.hstack(blocks)

    def _waiting(self, pairs: Sequence[tuple[Query, str | None]], queue: Queue | None) -> Matrix:
        """The queue's numbers: the same for all that ask about the same place and kind."""
        if queue is None:
            return np.full((len(pairs), len(UNKNOWN)), NAN, np.float32)
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


def _check_zone(query: Query) -> None:
    if query.created_at.tzinfo is None:
        raise ValueError(f"got the time {query.created_at} without a zone, expected one with")


def _spread(block: Block, keys: list[tuple[Any, ...]]) -> Matrix:
    """`block` called once per distinct key, a row for each of `keys`."""
    places: dict[Hashable, int] = {}
    codes = [places.setdefault(key, len(places)) for key in keys]
    table = np.array([block(*key) for key in places], np.float32)  # type: ignore[misc]
    return np.asarray(table[codes])
