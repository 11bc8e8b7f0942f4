"""The queue at the filing of every complaint: `queue.Queue.features` over a whole history.

A sweep over time. An open complaint is counted from its filing until it leaves: its closing is
seen, or it falls out of the look-back. How many are counted at a moment is how many came before
it minus how many had left: two look-ups in sorted times, O(n log n) for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from .labels import MICROSECONDS_PER_HOUR, closing_seen_at, usable
from .queue import (
    DAY,
    LONG,
    LONG_DAYS,
    NEWEST,
    PACE_CLOSINGS,
    QUEUE_FEATURES,
    SHORT,
    SHORT_DAYS,
    STALE,
)
from .survival import Floats, Integers

NEVER = np.iinfo(np.int64).max // 2
Key = tuple[str, ...]
OF_TYPE: Key = ("complaint_type",)
OF_TYPE_DISTRICT: Key = ("complaint_type", "district")
OF_AGENCY: Key = ("agency",)
OF_AGENCY_DISTRICT: Key = ("agency", "district")
OF_AGENCY_AREA: Key = ("agency", "area")


def with_queue(asked: pl.DataFrame, history: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """Complaints with `QUEUE_FEATURES` (float, NaN where unknown) as they were at each filing.

    Parameters
    ----------
    asked
        Complaints; a missing agency or district stays unknown.
    history
        The complaints that made up the queue (columns: `labels.COLUMNS`), those asked about
        among them. What happened at or after a filing plays no part in its features.
    """
    past = Past.of(usable(history), time_zone)
    at = _microseconds(asked["created_at"])
    asked_in = asked.with_columns(area=_areas_of(asked["district"], history))
    days = past.days_of_filings(at)
    short, long = days >= SHORT_DAYS, days >= LONG_DAYS
    type_long, type_hours = past.waiting(asked_in, at, OF_TYPE, LONG)
    with np.errstate(invalid="ignore"):
        age = type_hours / np.where(type_long > 0, type_long, np.nan)
    columns = [
        np.where(short, past.waiting(asked_in, at, OF_TYPE_DISTRICT, SHORT)[0], np.nan),
        np.where(long, past.waiting(asked_in, at, OF_TYPE_DISTRICT, LONG)[0], np.nan),
        np.where(short, past.waiting(asked_in, at, OF_TYPE, SHORT)[0], np.nan),
        np.where(long, type_long, np.nan),
        np.where(long, age, np.nan),
        np.where(long, past.waiting(asked_in, at, OF_AGENCY_AREA, LONG)[0], np.nan),
        np.where(long, past.pace(asked_in, at, OF_TYPE), np.nan),
        np.where(long, past.pace(asked_in, at, OF_TYPE_DISTRICT), np.nan),
        np.where(short, past.open_share(asked_in, at, OF_AGENCY, NEWEST), np.nan),
        np.where(short, past.open_share(asked_in, at, OF_AGENCY_DISTRICT, SHORT), np.nan),
    ]
    return asked.with_columns(
        pl.Series(name, column.astype(np.float32))
        for name, column in zip(QUEUE_FEATURES, columns, strict=True)
    )


@dataclass(frozen=True)
class Past:
    """What happened, ready to be counted. Times are microseconds since 1970.

    Parameters
    ----------
    frame
        The complaints (n rows).
    came, left
        When each was filed, and when it was no longer known to wait.
    seen
        When its closing was seen, `NEVER` if it is open.
    """

    frame: pl.DataFrame
    came: Integers
    left: Integers
    seen: Integers

    @classmethod
    def of(cls, frame: pl.DataFrame, time_zone: str) -> Past:
        """From usable complaints."""
        seen = closing_seen_at(time_zone)
        given_up = pl.col("observed_at") + STALE
        times = frame.select(seen=seen, left=pl.min_horizontal(seen, given_up))
        return cls(
            frame,
            _microseconds(frame["created_at"]),
            _microseconds(times["left"]),
            _microseconds(times["seen"]),
        )

    def days_of_filings(self, at: Integers) -> Integers:
        """Days in a row, back from each moment, in which something was filed: (m,)."""
        filed = np.sort(self.came)
        day = _length(DAY)
        unbroken = np.ones(len(at), bool)
        days = np.zeros(len(at), np.int64)
        before = np.searchsorted(filed, at)
        for number in range(1, LONG_DAYS + 1):
            # A filing exactly a day ago belongs to the day before.
            earlier = np.searchsorted(filed, at - number * day, side="right")
            unbroken &= before > earlier
            days += unbroken
            before = earlier
        return days

    def waiting(
        self, asked: pl.DataFrame, at: Integers, key: Key, look_back: timedelta
    ) -> tuple[Floats, Floats]:
        """Open complaints of the same key filed in the look-back, and the hours they waited.

        Both (m,), NaN where the key is unknown.
        """
        codes, places = _codes(self.frame, asked, key)
        left = np.minimum(self.left, self.came + _length(look_back))
        # One that its source last looked at before it was filed was never seen to wait.
        there = (codes >= 0) & (left > self.came)
        codes, came, left = codes[there], self.came[there], left[there]
        came_before, came_sum = _Steps.of(codes, came, came).before(places, at)
        left_before, left_sum = _Steps.of(codes, left, came).before(places, at + 1)
        count = came_before - left_before
        hours = (count * at - (came_sum - left_sum)) / MICROSECONDS_PER_HOUR
        unknown = places < 0
        return np.where(unknown, np.nan, count), np.where(unknown, np.nan, hours)

    def open_share(
        self, asked: pl.DataFrame, at: Integers, key: Key, look_back: timedelta
    ) -> Floats:
        """The open share of those of the same key filed in the look-back: (m,), NaN of none."""
        codes, places = _codes(self.frame, asked, key)
        filed = _Steps.of(codes[codes >= 0], self.came[codes >= 0], self.came[codes >= 0])
        # Filed exactly one look-back ago is just too long ago.
        count = filed.position(places, at) - filed.position(places, at - _length(look_back) + 1)
        waiting = self.waiting(asked, at, key, look_back)[0]
        return np.asarray(waiting / np.where(count > 0, count, np.nan))

    def pace(self, asked: pl.DataFrame, at: Integers, key: Key) -> Floats:
        """Mean log1p(hours to close) of the last closings seen: (m,), NaN without any."""
        codes, places = _codes(self.frame, asked, key)
        closed = (codes >= 0) & (self.seen < NEVER)
        codes, came, seen = codes[closed], self.came[closed], self.seen[closed]
        ended = _microseconds(self.frame["closed_at"])[closed]
        # Dates without a time are seen at the same moment: the later closing is the later one.
        order = np.lexsort((came, ended, seen))
        hours = (ended - came)[order] / MICROSECONDS_PER_HOUR
        steps = _Steps.of(codes[order], seen[order], np.log1p(hours))
        last = steps.position(places, at + 1)
        first = np.maximum(
            steps.position(places, at + 1 - _length(LONG)),
            np.maximum(last - PACE_CLOSINGS, steps.start(places)),
        )
        count = np.where((places >= 0) & (last > first), last - first, np.nan)
        return np.asarray((steps.sums[last] - steps.sums[first]) / count)


@dataclass(frozen=True)
class _Steps:
    """Events sorted by key and time, with running sums of a value.

    Parameters
    ----------
    times
        The distinct times, increasing.
    places
        Of each event: key × (distinct times + 1) + the place of its time; increasing.
    sums
        Sum of the values of the events before, (n + 1,).
    """

    times: Integers
    places: Integers
    sums: npt.NDArray[Any]

    @classmethod
    def of(cls, codes: Integers, times: Integers, values: npt.NDArray[Any]) -> _Steps:
        """From events in any order; those of equal key and time keep theirs."""
        distinct, place = np.unique(times, return_inverse=True)
        places = codes * (len(distinct) + 1) + place
        order = np.argsort(places, kind="stable")
        # Sums of times overflow int64 and wrap; the differences taken of them are exact again.
        sums = np.concatenate([np.zeros(1, values.dtype), np.cumsum(values[order])])
        return cls(distinct, places[order], sums)

    def start(self, codes: Integers) -> Integers:
        """The place of the first event of each key."""
        return np.searchsorted(self.places, codes * (len(self.times) + 1))

    def position(self, codes: Integers, before: Integers) -> Integers:
        """The place behind the last event of each key before a moment."""
        time = np.searchsorted(self.times, before)
        return np.searchsorted(self.places, codes * (len(self.times) + 1) + time)

    def before(self, codes: Integers, moments: Integers) -> tuple[Integers, npt.NDArray[Any]]:
        """How many events of each key lie before a moment, and the sum of their values."""
        first, last = self.start(codes), self.position(codes, moments)
        return last - first, self.sums[last] - self.sums[first]


def _codes(history: pl.DataFrame, asked: pl.DataFrame, key: Key) -> tuple[Integers, Integers]:
    """A number for each row's key, −1 where a part is unknown; one never seen has its own."""
    distinct = history.select(key).drop_nulls().unique().with_row_index("code")
    width = distinct.height

    def find(frame: pl.DataFrame) -> Integers:
        found = frame.select(key).join(distinct, on=key, how="left", maintain_order="left")
        is_known = pl.all_horizontal(pl.col(key).is_not_null())
        code = pl.when(is_known).then(pl.col("code").cast(pl.Int64).fill_null(width)).otherwise(-1)
        return found.select(code).to_series().to_numpy()

    return find(history), find(asked)


def _areas_of(districts: pl.Series, history: pl.DataFrame) -> pl.Series:
    """The wider area of each district; one never seen with an area is its own."""
    # A map of the city, not an event: complaints that say nothing of speed know it too.
    pairs = history.select("district", "area").drop_nulls().unique("district", keep="last")
    return districts.replace(pairs["district"], pairs["area"])


def _microseconds(times: pl.Series) -> Integers:
    """Instants as numbers, `NEVER` where there is none."""
    return times.cast(pl.Int64).fill_null(NEVER).to_numpy()


def _length(duration: timedelta) -> int:
    return int(duration.total_seconds()) * 1_000_000
