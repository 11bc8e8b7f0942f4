"""From hours to a closing time as an agency would write it: office hours, dates without time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from complaints.simulation.calibration import Agencies
from complaints.simulation.choices import Floats, Integers

Instants = NDArray[np.datetime64]
"""Local times, datetime64[s]."""

DAY = 86_400
FAST_SECONDS = 8 * 3600
MONDAY = 4 * DAY  # 1970-01-05, in seconds since 1970
NEVER = np.datetime64("NaT", "s")


def closing_times(
    created: Instants,
    hours: Floats,
    is_instant: NDArray[np.bool_],
    agency: Integers,
    agencies: Agencies,
    random: np.random.Generator,
) -> Instants:
    """Closing time of each row (n,); NaT for never (infinite hours).

    Never before creation; equal to it only where `is_instant`.
    """
    is_closed = np.isfinite(hours) | is_instant
    start = created.astype(np.int64)
    seconds = np.maximum(np.where(np.isfinite(hours), hours, 1) * 3600, 1).astype(np.int64)
    drawn = start + seconds
    closed = np.where(seconds > DAY, _in_office(start, drawn, agency, agencies, random), drawn)
    speed = (seconds >= FAST_SECONDS).astype(np.int64)
    is_date = random.random(len(start)) < agencies.date_only[agency, speed]
    nearest = (drawn + DAY // 2) // DAY * DAY
    closed = np.where(is_date, np.maximum(nearest, (start // DAY + 1) * DAY), closed)
    closed = np.where(is_instant, start, closed)
    return np.where(is_closed, closed.astype("datetime64[s]"), NEVER)


def _in_office(
    start: Integers,
    drawn: Integers,
    agency: Integers,
    agencies: Agencies,
    random: np.random.Generator,
) -> Integers:
    """The drawn day, or its neighbour where it is a weekend off, at an hour the agency works."""
    day = drawn // DAY
    weekday = (day - MONDAY // DAY) % 7
    works = agencies.closing_weekdays[agency, weekday]
    is_off = (weekday >= 5) & (random.random(len(day)) > works)
    day = day + np.where(is_off, np.where(weekday == 5, -1, 1), 0)
    hour = agencies.closing_hours.pick(agency, random) % 24
    moved = day * DAY + hour * 3600 + random.integers(0, 3600, len(day))
    return np.where(moved > start, moved, drawn)
