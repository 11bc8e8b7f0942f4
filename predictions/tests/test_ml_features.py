from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cache

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictions.ml.encoding import federal_holidays, fit_encoding
from predictions.ml.features import (
    Encoding,
    Query,
    encode_frame,
    encode_query,
    feature_names,
    with_usual,
)
from predictions.ml.labels import labels_as_of
from predictions.ml.queue import QUEUE_FEATURES, Queue, Share, Waiting
from predictions.ml.reasons import feature_groups
from predictions.tests.ml_data import AS_OF, START, ZONE, complaints, frame_of, query, row

NAMES = feature_names([2.0, 6.0, 24.0, 72.0, 168.0, 336.0])


@cache
def encoding() -> Encoding:
    labelled = labels_as_of(complaints(), AS_OF, ZONE)
    days = federal_holidays(date(2024, 1, 1), date(2028, 1, 1))
    return fit_encoding(labelled, np.ones(labelled.height), ZONE, days)


def features(**changes: object) -> dict[str, float]:
    numbers = encode_query(query(**changes), encoding()).tolist()  # type: ignore[arg-type]
    return dict(zip(NAMES, numbers, strict=True))


def shares(found: dict[str, float], table: str) -> list[float]:
    return [value for name, value in found.items() if name.startswith(f"{table}_closed")]


def maybe(*values: str) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(values) | st.text(max_size=5)


queries = st.builds(
    Query,
    complaint_type=st.sampled_from(["noise", "heat", "tree", "new", ""]),
    created_at=st.integers(-500 * 86_400, 500 * 86_400).map(lambda s: START + timedelta(seconds=s)),
    latitude=st.none() | st.floats(40.6, 40.8),
    longitude=st.none() | st.floats(-74, -73.8),
    agency=maybe("POLICE", "HOUSING"),
    descriptor=maybe("urgent", "usual", "a|b"),
    channel=maybe("PHONE", "ONLINE"),
    district=maybe("01-north", "02-south"),
    location_type=maybe("Street"),
)


def known_queue(now: datetime, days: int) -> Queue:
    """A queue with entries for some of the types, agencies and districts asked about."""
    return Queue(
        taken_at=now,
        days=days,
        by_type_district={("noise", "01-north"): Waiting(2, 5, 61.5)},
        by_type={"noise": Waiting(3, 8, 80.25), "heat": Waiting()},
        by_agency_area={("POLICE", "the-city"): 9},
        pace_by_type={"noise": 1.5},
        pace_by_type_district={("noise", "01-north"): 1.25, ("tree", "02-south"): 4.5},
        by_agency={"POLICE": Share(8, 2), "HOUSING": Share()},
        by_agency_district={("POLICE", "01-north"): Share(4, 3)},
        areas={"01-north": "the-city", "02-south": "the-city"},
    )


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(queries, min_size=1, max_size=30),
    st.lists(st.integers(0, 4), min_size=30, max_size=30),
)
def test_a_frame_is_encoded_row_for_row_like_its_queries(
    rows: list[Query], days: list[int]
) -> None:
    queues = [known_queue(one.created_at, day) for one, day in zip(rows, days, strict=False)]
    one_by_one = np.stack(
        [encode_query(one, encoding(), queue) for one, queue in zip(rows, queues, strict=True)]
    )
    frame = frame_of(*(row(**msgspec.structs.asdict(one)) for one in rows))
    usual = with_usual(frame, encoding())
    codes = usual.select("complaint_type", "agency", "district", "created_at").rows()
    waiting = [queue.features(*code) for queue, code in zip(queues, codes, strict=True)]
    queued = pl.DataFrame(waiting, schema=dict.fromkeys(QUEUE_FEATURES, pl.Float64), orient="row")
    together = encode_frame(pl.concat([frame, queued], how="horizontal"), encoding())
    assert together.dtype == one_by_one.dtype == np.float32
    np.testing.assert_array_equal(together, one_by_one)


@settings(deadline=None)  # the machine may be busy
@given(queries)
def test_every_row_has_every_feature_and_only_some_may_be_unknown(one: Query) -> None:
    found = dict(zip(NAMES, encode_query(one, encoding()).tolist(), strict=True))
    unknown = {name for name, value in found.items() if math.isnan(value)}
    assert unknown <= {"channel", "day_of_year", "latitude", "longitude", *QUEUE_FEATURES}
    assert unknown >= set(QUEUE_FEATURES)


def test_every_column_belongs_to_one_group() -> None:
    groups = feature_groups(NAMES)
    assert sorted(column for group in groups.values() for column in group) == list(
        range(len(NAMES))
    )
    by_name = {name: {NAMES[column] for column in columns} for name, columns in groups.items()}
    assert by_name["queue"] | by_name["pace"] == set(QUEUE_FEATURES)
    assert by_name["pace"] >= {"pace_type", "open_share_agency_6h"}
    assert by_name["descriptor"] >= {"descriptor_closed_24h", "descriptor_area_closed_24h"}
    assert by_name["channel"] == {"channel"}
    assert {"type_district_closed_24h", "agency_district_closed_2h", "latitude"} <= by_name["place"]
    assert by_name["time"] >= {"hour", "weekday", "day_of_year", "is_holiday"}
    assert by_name["type"] == {f"type_closed_{hours:g}h" for hours in encoding().horizons_hours}


def test_the_hour_and_the_day_are_local() -> None:
    friday_evening = datetime(2026, 7, 3, 22, 30, tzinfo=timezone(-timedelta(hours=4)))
    found = features(created_at=friday_evening.astimezone(UTC))
    assert (found["weekday"], found["hour"]) == (4, 22.5)
    # The 3rd of July 2026 is the observed holiday; Monday the 6th is the next working day.
    assert (found["is_holiday"], found["days_to_working_day"]) == (1, 3)


def test_a_plain_weekday_has_a_working_day_ahead() -> None:
    found = features(created_at=datetime(2026, 6, 9, 16, tzinfo=UTC))
    assert (found["is_holiday"], found["days_to_working_day"]) == (0, 1)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        features(created_at=datetime(2026, 6, 9, 16))  # noqa: DTZ001


def test_a_missing_agency_is_the_usual_one_of_the_type() -> None:
    assert features(complaint_type="heat") == pytest.approx(
        features(complaint_type="heat", agency="HOUSING"), nan_ok=True
    )


def test_a_missing_district_is_the_usual_one_of_the_place() -> None:
    labelled = labels_as_of(complaints(), AS_OF, ZONE).with_columns(
        district=pl.when(pl.col("latitude") < 40.7).then(pl.lit("low")).otherwise(pl.lit("high"))
    )
    learned = fit_encoding(labelled, np.ones(labelled.height), ZONE, frozenset())
    for latitude, district in ((40.65, "low"), (40.75, "high")):
        place = query(latitude=latitude, longitude=-73.9)
        named = msgspec.structs.replace(place, district=district)
        np.testing.assert_array_equal(encode_query(place, learned), encode_query(named, learned))


def test_an_unknown_descriptor_is_as_fast_as_its_type() -> None:
    found = features(descriptor="never seen")
    assert shares(found, "descriptor") == shares(found, "type")
    assert shares(features(descriptor="urgent"), "descriptor") > shares(found, "type")


def test_an_unknown_type_is_as_fast_as_its_agency_or_the_city() -> None:
    known = features(complaint_type="new", agency="POLICE")
    assert shares(known, "type") == shares(features(), "agency")
    city = encoding().statistics["city"][""]
    assert shares(features(complaint_type="new"), "type") == pytest.approx(city)


def test_statistics_count_censored_rows() -> None:
    # Half of the trees take 400 h or longer; few are closed within the four weeks seen.
    measured = features(complaint_type="tree", descriptor="usual")["descriptor_closed_168h"]
    assert measured == pytest.approx(1 - 0.5 ** (168 / 400), abs=0.05)


def test_a_rare_category_borrows_from_the_wider_one() -> None:
    rare = complaints().with_columns(
        descriptor=pl.when(pl.int_range(pl.len()) < 8).then(pl.lit("rare")).otherwise("descriptor")
    )
    instantly = rare.with_columns(
        closed_at=pl.when(pl.col("descriptor") == "rare")
        .then(pl.col("created_at") + pl.duration(minutes=1))
        .otherwise("closed_at"),
        complaint_type=pl.lit("tree"),
    )
    labelled = labels_as_of(instantly, AS_OF, ZONE)
    learned = fit_encoding(labelled, np.ones(labelled.height), ZONE, frozenset())
    rare_share = learned.statistics["descriptor"]["tree|rare"][0]
    # Eight of its own rows, all closed at once, and five that behave like the type.
    assert learned.statistics["type"]["tree"][0] < rare_share < 0.9


def test_seasons_are_hidden_until_they_were_seen_twice() -> None:
    assert math.isnan(features()["day_of_year"])
    frame = frame_of(
        row(closed_at=START + timedelta(hours=1)), row(created_at=START + timedelta(days=600))
    )
    labelled = labels_as_of(frame, START + timedelta(days=700), ZONE)
    learned = fit_encoding(labelled, np.ones(labelled.height), ZONE, frozenset())
    encoded = encode_query(query(created_at=datetime(2026, 3, 1, 17, tzinfo=UTC)), learned)
    assert encoded[NAMES.index("day_of_year")] == 60


def test_the_encoding_survives_json_with_its_keys_in_any_order() -> None:
    plain = json.dumps(msgspec.to_builtins(encoding(), order="sorted"), sort_keys=True)
    again = msgspec.json.decode(plain, type=Encoding)
    assert again == encoding()


def test_federal_holidays_cover_whole_years() -> None:
    days = federal_holidays(date(2019, 7, 6), date(2020, 1, 2))
    assert {date(2019, 1, 1), date(2019, 7, 4), date(2020, 12, 25)} <= days
    assert date(2019, 7, 5) not in days
