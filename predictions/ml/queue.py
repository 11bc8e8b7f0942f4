"""The queue at one moment, as serving keeps it in memory: who waits, and how fast it moves.

`queue_history` computes the same numbers for training, at the filing of every complaint.

A complaint waits from its filing until its closing is visible; one that its source has not
looked at for `STALE` is no longer counted. Only complaints filed in the last 72 hours count, so
that the numbers mean the same on the first week of a city's data as on any later one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# A night shift, an outage: what changes within a day shows in the newest complaints first.
NEWEST = timedelta(hours=6)
SHORT = timedelta(hours=24)
LONG = timedelta(hours=72)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# Days in a row with a filing, back from the moment, for a look-back to be known: those it
# covers, and the one before, which shows that the stream did not begin within it.
SHORT_DAYS = 2
LONG_DAYS = 4
STALE = DAY
# A query about another moment than the snapshot's is not about this queue.
TOLERANCE = timedelta(hours=1)
# The pace is that of the last so many closings.
PACE_CLOSINGS = 30

QUEUE_FEATURES = (
    "open_type_district_24h",
    "open_type_district_72h",
    "open_type_24h",
    "open_type_72h",
    "open_type_mean_age",
    "open_agency_area_72h",
    "pace_type",
    "pace_type_district",
    "open_share_agency_6h",
    "open_share_agency_district_24h",
)
# How fast closings come in; the others tell who waits.
PACE_FEATURES = QUEUE_FEATURES[6:]
# Those that a complaint without a district does not have.
QUEUE_FEATURES_OF_PLACE = (
    "open_type_district_24h",
    "open_type_district_72h",
    "open_agency_area_72h",
    "pace_type_district",
    "open_share_agency_district_24h",
)
UNKNOWN = (math.nan,) * len(QUEUE_FEATURES)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Open complaints of one kind.

    Parameters
    ----------
    short, long
        Filed in the last 24 and 72 hours.
    hours
        How long those of `long` have waited, added up.
    """

    short: int = 0
    long: int = 0
    hours: float = 0.0


NOBODY = Waiting()


@dataclass(frozen=True, slots=True)
class Share:
    """How many were filed of late, and how many of those are open."""

    filed: int = 0
    open: int = 0

    def of_open(self) -> float:
        """The share, NaN if none was filed."""
        return self.open / self.filed if self.filed else math.nan


NONE_FILED = Share()


@dataclass(frozen=True)
class Queue:
    """A city's queue at `taken_at`.

    Parameters
    ----------
    days
        Days in a row, back from `taken_at`, in which something was filed; at most `LONG_DAYS`.
    by_type_district, by_type
        Who waits; without an entry nobody does.
    by_agency_area
        How many of the last 72 hours wait.
    pace_by_type, pace_by_type_district
        Mean log1p(hours to close) of the last `PACE_CLOSINGS` closings of the last 72 hours.
    by_agency
        What was filed in the last 6 hours.
    by_agency_district
        What was filed there in the last 24 hours.
    areas
        District → the wider area it lies in.
    """

    taken_at: datetime
    days: int = 0
    by_type_district: Mapping[tuple[str, str], Waiting] = field(default_factory=dict)
    by_type: Mapping[str, Waiting] = field(default_factory=dict)
    by_agency_area: Mapping[tuple[str, str], int] = field(default_factory=dict)
    pace_by_type: Mapping[str, float] = field(default_factory=dict)
    pace_by_type_district: Mapping[tuple[str, str], float] = field(default_factory=dict)
    by_agency: Mapping[str, Share] = field(default_factory=dict)
    by_agency_district: Mapping[tuple[str, str], Share] = field(default_factory=dict)
    areas: Mapping[str, str] = field(default_factory=dict)

    def is_known_at(self, moment: datetime) -> bool:
        """Whether the queue is known at all, and is that of `moment`."""
        return self.days >= SHORT_DAYS and abs(moment - self.taken_at) <= TOLERANCE

    def features(
        self, complaint_type: str, agency: str | None, district: str | None, moment: datetime
    ) -> tuple[float, ...]:
        """`QUEUE_FEATURES` of a complaint filed at `moment`; NaN where nothing is known."""
        if not self.is_known_at(moment):
            return UNKNOWN
        long = self.days >= LONG_DAYS
        here, kind = None, self.by_type.get(complaint_type, NOBODY)
        pace_here = area = math.nan
        if district is not None:
            here = self.by_type_district.get((complaint_type, district), NOBODY)
            pace_here = self.pace_by_type_district.get((complaint_type, district), math.nan)
            if agency is not None:
                area = self.by_agency_area.get((agency, self.areas.get(district, district)), 0)
        return (
            here.short if here else math.nan,
            here.long if here and long else math.nan,
            kind.short,
            kind.long if long else math.nan,
            kind.hours / kind.long if long and kind.long else math.nan,
            area if long else math.nan,
            self.pace_by_type.get(complaint_type, math.nan) if long else math.nan,
            pace_here if long else math.nan,
            *self._of_agency(agency, district),
        )

    def _of_agency(self, agency: str | None, district: str | None) -> tuple[float, float]:
        """How much of the newest is open, of all that the agency was sent and of the district's."""
        if agency is None:
            return math.nan, math.nan
        everywhere = self.by_agency.get(agency, NONE_FILED).of_open()
        if district is None:
            return everywhere, math.nan
        return everywhere, self.by_agency_district.get((agency, district), NONE_FILED).of_open()
