"""The queue at one moment, and at the filing of every complaint of a history."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictions.ml import queue_history
from predictions.ml.labels import closing_seen_at
from predictions.ml.queue import PACE_CLOSINGS, QUEUE_FEATURES, UNKNOWN, Queue, Share, Waiting
from predictions.ml.queue_history import with_queue
from predictions.tests.ml_data import ZONE, frame_of, row

HOUR = timedelta(hours=1)
MIDNIGHT = datetime(2026, 3, 2, 5, tzinfo=UTC)
"""In New York; the clocks change on the 8th."""
Rows = list[dict[str, object]]


def at(hours: float) -> datetime:
    return MIDNIGHT + hours * HOUR


def filed(hours: float, closed: float | None = None, **changes: object) -> dict[str, object]:
    """A complaint of the north, filed and closed so many hours after midnight."""
    values: dict[str, object] = {"district": "north", "area": "all"}
    values["created_at"] = at(hours)
    values["closed_at"] = None if closed is None else at(closed)
    return row(**(values | changes))


def stream(until: float) -> Rows:
    """Something else, filed and closed every ten hours: the city is alive."""
    return [
        filed(hours, hours + 0.1, complaint_type="other", agency="OTHER")
        for hours in range(-200, int(until), 10)
    ]


def features(rows: Rows, asked: dict[str, object]) -> dict[str, float]:
    history = frame_of(*rows, asked)
    found = with_queue(frame_of(asked), history, ZONE).select(QUEUE_FEATURES)
    return {name: value[0] for name, value in found.to_dict(as_series=False).items()}


def test_those_filed_before_and_not_yet_closed_wait() -> None:
    rows = [filed(-80), filed(-30), filed(-20), filed(-10, -5), filed(-2, 5), filed(1)]
    found = features(stream(0) + rows, filed(0))
    assert found["open_type_24h"] == found["open_type_district_24h"] == 2
    assert found["open_type_72h"] == 3
    assert found["open_type_mean_age"] == pytest.approx((30 + 20 + 2) / 3)
    assert found["open_agency_area_72h"] == 3
    assert found["pace_type"] == pytest.approx(math.log1p(5))
    assert found["open_share_agency_6h"] == 1
    assert found["open_share_agency_district_24h"] == pytest.approx(2 / 3)


def test_other_types_districts_and_agencies_are_told_apart() -> None:
    rows = [
        filed(-3, complaint_type="heat"),
        filed(-3, district="south"),
        filed(-3, agency="HOUSING", complaint_type="heat"),
        filed(-3, district="west", area="elsewhere"),
        filed(-3, district=None, area=None),
    ]
    found = features(stream(0) + rows, filed(0))
    assert found["open_type_district_24h"] == 0
    assert found["open_type_24h"] == 3
    assert found["open_agency_area_72h"] == 2


def test_a_place_or_agency_that_is_not_known_has_no_queue() -> None:
    found = features(stream(0), filed(0, district=None, area=None))
    unknown = {name for name, value in found.items() if math.isnan(value)}
    assert {"open_type_district_24h", "open_agency_area_72h"} <= unknown
    assert found["open_type_24h"] == 0


def test_a_date_without_a_time_is_seen_at_the_end_of_that_day() -> None:
    day = [filed(-4, 0)]
    assert features(stream(50) + day, filed(23.9))["open_type_72h"] == 1
    late = features(stream(50) + day, filed(24))
    assert late["open_type_72h"] == 0
    assert late["pace_type"] == pytest.approx(math.log1p(4))
    precise = [filed(-4, 1 / 3600)]
    assert features(stream(50) + precise, filed(23.9))["open_type_72h"] == 0


def test_a_complaint_nobody_looked_at_for_a_day_is_not_counted() -> None:
    looked = [filed(-30, observed_at=at(-20)), filed(-30, observed_at=at(-30))]
    assert features(stream(0) + looked, filed(0))["open_type_72h"] == 1


@pytest.mark.parametrize(
    ("begun", "known"), [(0, set()), (-23, set()), (-25, {"24h"}), (-71, {"24h"}), (-73, "all")]
)
def test_a_queue_is_known_once_the_stream_is_older_than_the_look_back(
    begun: float, known: set[str] | str
) -> None:
    rows = [filed(begun + hours) for hours in np.arange(0, -begun, 0.5)]
    found = features(rows, filed(0))
    told = {name for name in QUEUE_FEATURES if not math.isnan(found[name])}
    assert ("open_type_24h" in told) == bool(known)
    assert ("open_type_72h" in told) == (known == "all")


def test_a_hole_of_a_day_makes_it_unknown() -> None:
    rows = [filed(hours) for hours in range(-200, -25)]
    assert all(math.isnan(value) for value in features(rows, filed(0)).values())


def test_instant_closings_are_neither_waiting_nor_fast() -> None:
    found = features([*stream(0), filed(-3, -3)], filed(0))
    assert found["open_type_24h"] == 0
    assert math.isnan(found["pace_type"])


# Few distinct moments, so that many fall together; 312 and 336 are local midnights.
moments = st.sampled_from([0, 0.5, 24, 30, 47, 48, 60, 72, 75, 96, 120, 150, 163, 168, 312, 336])
complaints = st.builds(
    lambda hours, wait, look, **words: filed(
        hours,
        None if wait is None else hours + wait,
        observed_at=None if look is None else at(hours + look),
        **words,
    ),
    hours=moments,
    wait=st.none() | st.sampled_from([-1, 0, 0.5, 1, 3, 18, 24, 25, 48, 72]),
    look=st.none() | st.sampled_from([-30, -24, 0, 1, 48]),
    complaint_type=st.sampled_from(["noise", "heat"]),
    agency=st.sampled_from(["POLICE", "HOUSING", None]),
    district=st.sampled_from(["north", "south", None]),
    area=st.just("all"),
)


class Definition:
    """What the words of the definition say, one complaint after the other."""

    def __init__(self, history: pl.DataFrame, now: datetime, last: int) -> None:
        rows = history.with_columns(seen=closing_seen_at(ZONE)).rows(named=True)
        self.now, self.last = now, last
        self.past = [
            one
            for one in rows
            if one["created_at"] < now
            and (one["closed_at"] is None or one["closed_at"] > one["created_at"])
        ]

    def days(self) -> int:
        """Days in a row with a filing, back from now, at most four."""
        ages = [round((self.now - one["created_at"]) / HOUR, 6) for one in self.past]
        days = 0
        while days < 4 and any(24 * days <= age < 24 * (days + 1) for age in ages):
            days += 1
        return days

    def waits(self, one: dict[str, Any]) -> bool:
        looked = one["observed_at"]
        is_stale = looked is not None and looked + 24 * HOUR <= self.now
        return not is_stale and (one["seen"] is None or one["seen"] > self.now)

    def filed(self, hours: float, **same: object) -> list[dict[str, Any]]:
        return [one for one in self.like(**same) if self.now - one["created_at"] < hours * HOUR]

    def like(self, **same: object) -> list[dict[str, Any]]:
        return [one for one in self.past if all(one[name] == same[name] for name in same)]

    def ages(self, hours: float, **same: object) -> list[float]:
        waiting = filter(self.waits, self.filed(hours, **same))
        return [(self.now - one["created_at"]) / HOUR for one in waiting]

    def count(self, hours: float, **same: object) -> float:
        return math.nan if None in same.values() else len(self.ages(hours, **same))

    def open_share(self, hours: float, **same: object) -> float:
        filed = self.filed(hours, **same)
        if None in same.values() or not filed:
            return math.nan
        return sum(map(self.waits, filed)) / len(filed)

    def told(self, **same: object) -> list[dict[str, Any]]:
        """Those whose closing was seen by now, the last one last."""
        closed = [one for one in self.like(**same) if one["seen"] and one["seen"] <= self.now]
        return sorted(closed, key=lambda one: (one["seen"], one["closed_at"], one["created_at"]))

    def pace(self, **same: object) -> float:
        recent = [one for one in self.told(**same) if one["seen"] > self.now - 72 * HOUR]
        hours = [(one["closed_at"] - one["created_at"]) / HOUR for one in recent[-self.last :]]
        if None in same.values() or not hours:
            return math.nan
        return float(np.mean(np.log1p(hours)))


def by_definition(history: pl.DataFrame, asked: dict[str, Any], last: int) -> list[float]:
    known = Definition(history, asked["created_at"], last)
    kind, agency, place = (asked[name] for name in ("complaint_type", "agency", "district"))
    here = {"complaint_type": kind, "district": place}
    ages = known.ages(72, complaint_type=kind)
    short = [
        known.count(24, **here),
        known.count(24, complaint_type=kind),
        known.open_share(6, agency=agency),
        known.open_share(24, agency=agency, district=place),
    ]
    long = [
        known.count(72, **here),
        known.count(72, complaint_type=kind),
        float(np.mean(ages)) if ages else math.nan,
        known.count(72, agency=agency, area=place and "all"),
        known.pace(complaint_type=kind),
        known.pace(**here),
    ]
    short = short if known.days() >= 2 else [math.nan] * len(short)
    long = long if known.days() >= 4 else [math.nan] * len(long)
    return [short[0], long[0], short[1], long[1], *long[2:], *short[2:]]


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(complaints, min_size=1, max_size=40),
    st.booleans(),
    st.sampled_from([1, 3, PACE_CLOSINGS]),
)
def test_the_sweep_counts_what_the_definition_says(rows: Rows, lives: bool, last: int) -> None:
    history = frame_of(*rows, *(stream(340) if lives else []))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queue_history, "PACE_CLOSINGS", last)
        found = with_queue(frame_of(*rows), history, ZONE).select(QUEUE_FEATURES).rows()
        expected = [by_definition(history, one, last) for one in rows]
    np.testing.assert_allclose(np.array(found), np.array(expected), rtol=1e-5, atol=1e-5)


def sweep(asked: pl.DataFrame, history: pl.DataFrame) -> np.ndarray:
    return with_queue(asked, history, ZONE).select(QUEUE_FEATURES).to_numpy()


def leaky(asked: pl.DataFrame, history: pl.DataFrame) -> np.ndarray:
    """The mistake to be caught: the state of today read back into the past."""
    final = history.with_columns(
        closed_at=pl.when(pl.col("closed_at").is_not_null()).then(
            pl.col("created_at") + pl.duration(seconds=1)
        )
    )
    return sweep(asked, final)


def changes_nothing_before(
    cut: datetime,
    rows: Rows,
    later: Rows,
    encode: Callable[[pl.DataFrame, pl.DataFrame], np.ndarray],
) -> bool:
    """Whether features up to `cut` stay, with everything after it forgotten or made up anew."""
    known = [one for one in rows if one["created_at"] <= cut]  # type: ignore[operator]
    asked = frame_of(*known)
    closed_later = pl.col("closed_at") > cut
    forgotten = asked.with_columns(closed_at=pl.when(~closed_later).then("closed_at"))
    moved = asked.with_columns(
        closed_at=pl.when(closed_later).then(pl.lit(cut) + 7 * HOUR).otherwise("closed_at")
    )
    before = encode(asked, frame_of(*rows))
    added = [one for one in later if one["created_at"] > cut]  # type: ignore[operator]
    replaced = pl.concat([asked, frame_of(*added)])
    return all(
        np.array_equal(before, encode(asked, changed), equal_nan=True)
        for changed in (forgotten, moved, replaced)
    )


@settings(deadline=None)  # the machine may be busy
@given(st.lists(complaints, min_size=1, max_size=30), st.lists(complaints, max_size=10), moments)
def test_what_happens_later_changes_no_feature(rows: Rows, later: Rows, cut: float) -> None:
    assert changes_nothing_before(at(cut), rows + stream(340), later, sweep)


def test_a_leak_would_be_noticed() -> None:
    rows = [*stream(0), filed(-10, 3), filed(-5)]
    assert changes_nothing_before(at(0), rows, [], sweep)
    assert not changes_nothing_before(at(0), rows, [], leaky)


NOW = MIDNIGHT.astimezone(ZoneInfo(ZONE))
QUEUE = Queue(
    taken_at=NOW,
    days=4,
    by_type_district={("noise", "north"): Waiting(2, 5, 60.0)},
    by_type={"noise": Waiting(3, 8, 80.0)},
    by_agency_area={("POLICE", "all"): 9},
    pace_by_type={"noise": 1.5},
    by_agency={"POLICE": Share(8, 2)},
    by_agency_district={("POLICE", "north"): Share(4, 3)},
    areas={"north": "all"},
)


def told(queue: Queue = QUEUE, *, kind: str = "noise", **changes: object) -> tuple[float, ...]:
    asked: dict[str, object] = {"agency": "POLICE", "district": "north", "moment": NOW}
    return queue.features(kind, **(asked | changes))  # type: ignore[arg-type]


def test_a_snapshot_tells_who_waits() -> None:
    assert told()[:7] == (2, 5, 3, 8, 10.0, 9, 1.5)
    assert math.isnan(told()[7])
    assert told()[8:] == (0.25, 0.75)


def test_in_a_living_city_no_entry_means_nobody() -> None:
    assert told(kind="new")[:4] == (0, 0, 0, 0)
    assert told(district="south")[5] == 0
    assert math.isnan(told(district="south")[9])


def test_without_an_agency_nothing_of_it_is_known() -> None:
    assert all(math.isnan(value) for value in told(agency=None)[8:])
    assert all(math.isnan(value) for value in told(agency="NEW")[8:])


@pytest.mark.parametrize("away", [-1.01 * HOUR, 1.01 * HOUR])
def test_the_queue_of_another_hour_is_unknown(away: timedelta) -> None:
    assert told(moment=NOW + away) == UNKNOWN
    assert told(moment=NOW + away * 0.98) == pytest.approx(told(), nan_ok=True)


def test_a_stream_that_is_young_or_dead_makes_it_unknown() -> None:
    young, dead = (Queue(NOW, days, by_type=QUEUE.by_type) for days in (2, 1))
    assert told(young)[2] == 3
    assert math.isnan(told(young)[3])
    assert told(dead) == UNKNOWN
