from __future__ import annotations

import json
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from predictions.ml.header import ModelError, read_header, sha256_of
from predictions.ml.queue import PACE_FEATURES
from predictions.ml.reasons import reasons
from predictions.ml.runtime import Forecast, Forecaster, forecasts, rounded
from predictions.ml.survival import EDGES_HOURS
from predictions.tests.ml_data import AS_OF, MEDIAN_HOURS, query, trained
from predictions.tests.small_model import older


def header(**changes: object) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(json.dumps(trained().header))
    return plain | changes


def test_serving_loads_no_training_library() -> None:
    program = """
import sys
import predictions.ml.runtime, predictions.ml.features
heavy = {"polars", "sklearn", "onnx", "pandas", "scipy", "joblib", "holidays", "django"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("kind", MEDIAN_HOURS)
def test_the_forecast_is_near_the_true_law(kind: str) -> None:
    expected = MEDIAN_HOURS[kind]
    found = trained().forecaster().forecast(query(kind, descriptor="usual"))
    assert found.median_hours == pytest.approx(expected, rel=0.3)
    # An exponential law closes a tenth within 0.152 medians.
    assert found.p10_hours == pytest.approx(0.152 * expected, rel=0.5)
    assert found.p10_hours < found.median_hours < found.p90_hours
    assert found.closed_within[24] == pytest.approx(1 - 0.5 ** (24 / expected), abs=0.1)
    assert found.closed_within[24] <= found.closed_within[72] <= found.closed_within[168]
    assert not found.beyond_horizon
    assert found.horizon_hours == EDGES_HOURS[-1]


def test_many_queries_are_answered_as_one_by_one_to_the_last_bit() -> None:
    forecaster, chance = trained().forecaster(), np.random.default_rng(311)
    asked = [
        query(
            str(chance.choice([*MEDIAN_HOURS, "new"])),
            latitude=float(chance.uniform(40.6, 40.8)),
            longitude=float(chance.uniform(-74, -73.8)),
            created_at=AS_OF + timedelta(minutes=int(chance.integers(60 * 24 * 365))),
        )
        for _ in range(1_000)
    ]
    assert forecaster.forecast_many(asked) == [forecaster.forecast(one) for one in asked]
    alone = [rounded(forecaster.forecast(one)) for one in asked]
    assert forecaster.forecast_many(asked, to_be_shown=True) == alone
    assert forecaster.forecast_many([]) == []


@given(st.floats(0, 1440))
def test_four_decimals_are_those_of_round(number: float) -> None:
    shown = rounded(Forecast(number, number, number, {24: number}, False, 1440.0))
    assert shown.median_hours == shown.closed_within[24] == pytest.approx(number, abs=0.5001e-4)
    assert shown.median_hours == round(shown.median_hours, 4)


def test_what_is_no_number_is_none_with_four_decimals() -> None:
    shown = rounded(Forecast(math.nan, 1.0, 2.0, {24: math.nan}, False, 1440.0))
    assert math.isnan(shown.median_hours)
    assert math.isnan(shown.closed_within[24])


def test_a_type_never_seen_is_answered_like_its_agency() -> None:
    forecaster = trained().forecaster()
    unknown = forecaster.forecast(query("new", agency="POLICE"))
    known = forecaster.forecast(query("noise"))
    nowhere = forecaster.forecast(query("new"))
    assert 0.5 * known.median_hours < unknown.median_hours < 2 * known.median_hours
    assert nowhere.median_hours > 3 * known.median_hours


def test_what_lies_past_the_horizon_is_the_horizon_and_says_so() -> None:
    hardly = np.linspace(0, 0.2, len(EDGES_HOURS))[None, :]
    (found,) = forecasts(np.array(EDGES_HOURS), hardly)
    assert found.beyond_horizon
    assert found.median_hours == found.p90_hours == found.horizon_hours == EDGES_HOURS[-1]
    assert found.p10_hours < found.horizon_hours


def test_a_median_exactly_at_the_horizon_is_not_beyond() -> None:
    edges = np.array(EDGES_HOURS)
    exactly = (edges / edges[-1] * np.log(2))[None, :]
    (found,) = forecasts(edges, exactly)
    assert not found.beyond_horizon
    assert found.median_hours == pytest.approx(EDGES_HOURS[-1])


def test_the_header_may_come_as_bytes_text_or_values() -> None:
    plain, text = header(), json.dumps(header())
    for form in (plain, text, text.encode()):
        Forecaster.load(trained().onnx, form)


def test_damaged_bytes_are_refused() -> None:
    damaged = bytearray(trained().onnx)
    damaged[len(damaged) // 2] ^= 1
    with pytest.raises(ModelError, match="SHA-256"):
        Forecaster.load(bytes(damaged), header())


def test_bytes_that_are_no_model_are_refused() -> None:
    with pytest.raises(ModelError, match="cannot read the model"):
        Forecaster.load(b"nonsense", header(sha256=sha256_of(b"nonsense")))


def test_a_model_of_another_format_is_refused() -> None:
    with pytest.raises(ModelError, match="format 99, expected"):
        Forecaster.load(trained().onnx, header(format_version=99))


@pytest.mark.parametrize(
    ("features", "message"),
    [(["hour", "moon"], "other features .*: moon$"), ([], "other"), (["hour"], "cannot answer")],
)
def test_a_model_of_other_features_is_refused(features: list[str], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Forecaster.load(trained().onnx, header(features=features))


def test_a_model_from_before_a_feature_was_added_still_serves() -> None:
    new = trained()
    names = read_header(new.header).features
    added = {*PACE_FEATURES, *(name for name in names if name.startswith("descriptor_area"))}
    old = older(new, [name for name in names if name not in added][::-1]).forecaster()
    # Nor did it know what the features are made of.
    del old.header.encoding.statistics["descriptor_area"]
    old.header.encoding.areas.clear()
    asked = [query(kind, descriptor="urgent", district="01-north") for kind in MEDIAN_HOURS]
    full = np.stack([new.forecaster().encode(one) for one in asked])
    full[:, [name in added for name in names]] = np.nan
    expected = new.forecaster().cumulative(full)
    found = [old.curve(one).cumulative for one in asked]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert "descriptor" in dict(reasons(old, asked[1], None))


@pytest.mark.parametrize("broken", [b"", b"[]", b"{}", b'{"format_version": 1}', b"\xff"])
def test_a_header_of_another_shape_is_refused(broken: bytes) -> None:
    with pytest.raises(ModelError, match="not a model header"):
        Forecaster.load(trained().onnx, broken)


def test_a_model_that_answers_its_probe_otherwise_is_refused() -> None:
    changed = header()
    changed["probe"]["cumulative"][3] += 0.01
    with pytest.raises(ModelError, match="off what was stored"):
        Forecaster.load(trained().onnx, changed)


def test_changed_category_tables_are_noticed() -> None:
    changed = header()
    for shares in changed["encoding"]["statistics"]["type"].values():
        shares[:] = [1 - share for share in shares]
    with pytest.raises(ModelError, match="off what was stored"):
        Forecaster.load(trained().onnx, changed)


def test_a_curve_of_another_length_is_refused() -> None:
    with pytest.raises(ModelError, match="edges"):
        Forecaster.load(trained().onnx, header(edges_hours=[0, 1]))


def test_a_query_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        trained().forecaster().forecast(query(created_at=datetime(2026, 3, 1)))  # noqa: DTZ001


def test_threads_share_one_forecaster() -> None:
    forecaster = trained().forecaster()
    asked = [query(kind) for kind in MEDIAN_HOURS] * 50
    expected = [forecaster.forecast(one) for one in asked]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(forecaster.forecast, asked)) == expected
