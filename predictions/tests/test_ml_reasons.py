"""Which facts move a forecast, and by how much."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import numpy as np
import pytest

from predictions.ml.features import encode_query
from predictions.ml.queue import Queue, Waiting
from predictions.ml.reasons import LEAST_HOURS, feature_groups, reasons
from predictions.ml.runtime import Forecaster
from predictions.ml.survival import Curve
from predictions.tests.ml_data import AS_OF, query, trained


@pytest.fixture(scope="module")
def forecaster() -> Forecaster:
    return trained().forecaster()


def test_what_makes_it_faster_is_told_as_shorter(forecaster: Forecaster) -> None:
    # Urgent ones take a quarter of the time of usual ones, in every type.
    found = dict(reasons(forecaster, query("heat", descriptor="urgent"), None))
    assert found["descriptor"] < -1
    assert max(found, key=lambda name: abs(found[name])) == "descriptor"


def test_an_effect_is_the_median_less_the_one_with_the_usual_value(forecaster: Forecaster) -> None:
    asked = query("heat", descriptor="urgent")
    header = forecaster.header
    row = encode_query(asked, header.encoding)
    columns = feature_groups(header.features)["descriptor"]
    usual = row.copy()
    usual[columns] = np.array(header.typical["heat"], np.float32)[columns]
    medians = [
        Curve(tuple(header.edges_hours), tuple(values)).quantile(0.5)
        for values in forecaster.cumulative(np.stack([row, usual])).tolist()
    ]
    found = dict(reasons(forecaster, asked, None))
    assert found["descriptor"] == pytest.approx(medians[0] - medians[1], rel=1e-6)


def test_only_what_the_query_tells_is_judged(forecaster: Forecaster) -> None:
    assert {name for name, _ in reasons(forecaster, query("heat"), None)} <= {"time"}
    placed = query("heat", latitude=40.7, longitude=-73.9)
    assert {name for name, _ in reasons(forecaster, placed, None)} <= {"time", "place"}


def test_the_queue_is_judged_where_it_is_known(forecaster: Forecaster) -> None:
    crowded = Queue(taken_at=AS_OF, days=4, by_type={"heat": Waiting(9_000, 27_000, 1_000_000.0)})
    named = {name for name, _ in reasons(forecaster, query("heat"), crowded)}
    assert named <= {"time", "queue", "pace"}
    elsewhere = query("heat", created_at=AS_OF - timedelta(days=3))
    assert not {"queue", "pace"} & set(dict(reasons(forecaster, elsewhere, crowded)))


def test_the_three_largest_are_told_in_order_and_none_that_does_nothing(
    forecaster: Forecaster,
) -> None:
    full = query(
        "heat",
        descriptor="urgent",
        channel="ONLINE",
        district="02-south",
        agency="HOUSING",
        latitude=40.7,
        longitude=-73.9,
    )
    found = reasons(forecaster, full, None)
    sizes = [abs(hours) for _, hours in found]
    assert len(found) <= 3
    assert sizes == sorted(sizes, reverse=True)
    assert all(size >= LEAST_HOURS for size in sizes)


def test_of_a_waiting_complaint_it_is_the_remaining_time_that_moves(
    forecaster: Forecaster,
) -> None:
    asked = query("heat", descriptor="urgent")
    at_first = dict(reasons(forecaster, asked, None))["descriptor"]
    later = dict(reasons(forecaster, asked, None, open_hours=24.0))
    assert later.get("descriptor") != at_first


def test_a_type_never_seen_is_compared_with_the_city(forecaster: Forecaster) -> None:
    assert reasons(forecaster, query("new", descriptor="urgent"), None) is not None


def test_a_header_without_typical_values_gives_no_reasons(forecaster: Forecaster) -> None:
    bare = msgspec.structs.replace(forecaster.header, typical={})
    old = Forecaster(forecaster._session, bare)
    assert reasons(old, query("heat", descriptor="urgent"), None) == []
