"""The registry of model versions and the switch from one to the next."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.test import Client

from complaints.forecasting import ForecastQuery, NoForecast, PastHorizon, get_forecaster
from complaints.models import City
from complaints.tests.factories import NOON, make_city, make_type
from predictions import registry
from predictions.ml.features import Query
from predictions.ml.header import ModelError
from predictions.models import ModelVersion, header_sha256
from predictions.registry import NothingBefore, ReasonNeeded, Unfit
from predictions.serving import serving
from predictions.tests.small_model import activate_small_model, copy_of, giving_nan

pytestmark = pytest.mark.django_db


def served() -> str:
    known = serving.state()["nyc"]
    return known.model.version if known.model else ""


def test_activating_one_retires_the_other() -> None:
    first = activate_small_model()
    second = copy_of(first, "small-2")
    second.activate()
    first.refresh_from_db()
    assert (first.status, second.status) == ("retired", "active")
    assert second.activated_at is not None
    assert served() == "small-2"


def test_rolling_back_is_activating_the_older_one_again() -> None:
    first = activate_small_model()
    copy_of(first, "small-2").activate()
    first.activate()
    assert served() == "small-1"


def test_the_database_refuses_two_active_versions() -> None:
    first = activate_small_model()
    with pytest.raises(IntegrityError, match="one_active_model_per_city"), transaction.atomic():
        copy_of(first, "small-2", status="active")


def test_damaged_bytes_are_not_activated() -> None:
    first = activate_small_model()
    damaged = copy_of(first, "small-2", onnx=bytes(first.onnx)[:-1] + b"x")
    with pytest.raises(ValueError, match="do not have the SHA-256"):
        damaged.activate()
    assert served() == "small-1"


@pytest.mark.parametrize("damage", ["bytes", "header"])
def test_a_version_that_cannot_be_loaded_leaves_the_good_one_serving(
    client: Client, damage: str
) -> None:
    first = activate_small_model()
    assert served() == "small-1"
    changes: dict[str, Any] = {"onnx": b"junk"} if damage == "bytes" else {"header": {}}
    ModelVersion.objects.update(status="retired")
    copy_of(first, "small-2", status="active", **changes)
    assert served() == "small-1"
    ready = client.get("/readyz")
    assert ready.status_code == 200
    told = ready.json()["alerts"]["refused_model"]
    assert told.startswith("small-2 is refused, small-1 serves instead")


def test_a_process_that_begins_with_a_damaged_version_serves_the_one_before(
    client: Client,
) -> None:
    first = activate_small_model()
    copy_of(first, "small-2").activate()
    ModelVersion.objects.filter(version="small-2").update(onnx=b"junk")
    assert served() == "small-1"
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize("is_running", [True, False])
def test_a_missing_active_row_leaves_what_served_last(client: Client, is_running: bool) -> None:
    first = activate_small_model()
    copy_of(first, "small-2").activate()
    if is_running:
        assert served() == "small-2"
    ModelVersion.objects.active().delete()
    assert served() == ("small-2" if is_running else "small-1")
    assert "names no active one" in client.get("/readyz").json()["alerts"]["refused_model"]


def test_a_damaged_version_with_none_before_it_leaves_nothing_to_serve(client: Client) -> None:
    activate_small_model()
    ModelVersion.objects.update(onnx=b"junk")
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert "small-1 is refused, nothing serves" in ready.json()["checks"]["active_model"]


def test_a_model_that_gives_nan_is_refused_though_its_hash_is_right() -> None:
    first = activate_small_model()
    assert served() == "small-1"
    sick = copy_of(first, "small-2", **giving_nan(bytes(first.onnx), first.header))
    with pytest.raises(Unfit, match="not finite and rising"):
        registry.activate(sick, "a test", "to see it refused")
    sick.activate()
    assert served() == "small-1"


def test_a_header_changed_in_the_database_is_refused() -> None:
    first = activate_small_model()
    second = copy_of(first, "small-2", header_sha256=header_sha256(first.header))
    registry.check_fitness(second)
    second.header["encoding"]["channels"]["phone"] = 7.0
    second.save()
    with pytest.raises(Unfit, match="the stored header is not the one"):
        registry.check_fitness(second)


def test_a_refused_version_is_not_loaded_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = activate_small_model()
    assert served() == "small-1"
    ModelVersion.objects.update(status="retired")
    copy_of(first, "small-2", status="active", onnx=b"junk")
    loads: list[str] = []

    def count(version: ModelVersion) -> None:
        loads.append(version.version)
        raise ModelError("junk")

    monkeypatch.setattr("predictions.serving.load", count)
    assert [served() for _ in range(3)] == ["small-1"] * 3
    assert loads == ["small-2"]
    monkeypatch.setattr("predictions.serving.RETRY_SECONDS", 0.0)
    served()
    assert loads == ["small-2"] * 2


def test_only_with_a_reason_does_a_refused_version_serve() -> None:
    first = activate_small_model()
    second = copy_of(first, "small-2", status="refused")
    with pytest.raises(ReasonNeeded, match="give a reason"):
        registry.activate(second, "ada", "  ")
    assert served() == "small-1"
    registry.activate(second, "ada", "a try in the night")
    assert served() == "small-2"
    second.refresh_from_db()
    (act,) = second.history
    assert (act["act"], act["by"], act["reason"]) == ("activated", "ada", "a try in the night")


def test_a_candidate_that_passed_the_gate_needs_no_reason() -> None:
    first = activate_small_model()
    second = copy_of(first, "small-2", verdict={"passed": True})
    registry.activate(second, "ada")
    assert served() == "small-2"


def test_rolling_back_goes_one_further_each_time() -> None:
    versions = [activate_small_model()]
    for name in ("small-2", "small-3"):
        versions.append(copy_of(versions[0], name))
        versions[-1].activate()
    assert registry.roll_back(versions[2], "ada", "too slow").version == "small-2"
    assert registry.roll_back(versions[1], "ada").version == "small-1"
    assert served() == "small-1"
    with pytest.raises(NothingBefore, match="No version that can serve"):
        registry.roll_back(versions[0], "ada")
    assert served() == "small-1"
    withdrawn = ModelVersion.objects.get(version="small-3")
    assert withdrawn.status == "refused"
    assert withdrawn.needs_reason
    assert withdrawn.history[-1]["reason"] == "too slow"


def test_rolling_back_passes_over_a_damaged_version() -> None:
    first = activate_small_model()
    for name in ("small-2", "small-3"):
        copy_of(first, name).activate()
    ModelVersion.objects.filter(version="small-2").update(onnx=b"junk")
    active = ModelVersion.objects.active().get()
    assert registry.roll_back(active, "ada").version == "small-1"


def test_only_the_serving_version_is_rolled_back() -> None:
    first = activate_small_model()
    copy_of(first, "small-2").activate()
    with pytest.raises(ValueError, match="small-1 does not serve now"):
        registry.roll_back(first, "ada")
    assert served() == "small-2"


def test_a_database_outage_leaves_the_state_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    activate_small_model()
    before = serving.state()

    def fail(*args: Any) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(serving, "_read", fail)
    with pytest.raises(OperationalError):
        serving.state()
    assert serving.loaded() is before


def test_the_port_says_when_there_is_no_model() -> None:
    city = make_city()
    with pytest.raises(NoForecast, match="No model is active for New York City"):
        get_forecaster().forecast(city, ForecastQuery("rodent", NOON))


def test_the_port_answers_with_the_active_model() -> None:
    make_type("rodent")
    city = activate_small_model().city
    found = get_forecaster().forecast(city, ForecastQuery("rodent", NOON))
    assert found.p10_hours < found.median_hours < found.p90_hours
    assert found.model_version == "small-1"


def test_the_port_tells_the_time_that_remains() -> None:
    make_type("rodent")
    city = activate_small_model().city
    query, port = ForecastQuery("rodent", NOON), get_forecaster()
    found = port.forecast(city, query)
    begun, later = port.remaining(city, query, 0.0), port.remaining(city, query, 24.0)
    assert replace(begun, open_hours=None, reasons=None, curve=None) == found
    assert later.expected_close_at == NOON + timedelta(hours=24 + later.median_hours)
    # P(closed by 48 h, given open at 24 h), from the definition.
    survived = 1 - found.closed_within[24]
    assert later.closed_within[24] == pytest.approx(
        (served_closed_within(city, query, 48) - found.closed_within[24]) / survived
    )


def test_what_remains_is_never_past_and_the_end_only_moves_away() -> None:
    make_type("rodent")
    city = activate_small_model().city
    query, port = ForecastQuery("rodent", NOON), get_forecaster()
    ends = []
    for open_hours in (0.0, 0.3, 5.0, 24.0, 100.0, 500.0, 1439.9):
        found = port.remaining(city, query, open_hours)
        assert 0 <= found.p10_hours <= found.median_hours <= found.p90_hours
        assert found.closed_within[24] <= found.closed_within[72] <= found.closed_within[168]
        assert found.open_hours == open_hours
        assert found.expected_close_at >= NOON + timedelta(hours=open_hours)
        ends.append(found.expected_close_at)
    assert ends == sorted(ends)


def served_closed_within(city: City, query: ForecastQuery, hours: float) -> float:
    """P(closed within any number of hours), by way of the model's curve."""
    model = serving.state()[city.slug].model
    assert model is not None
    known = Query(complaint_type=query.complaint_type, created_at=query.created_at)
    return model.runtime.curve(known).closed_within(hours)


def test_the_port_tells_nothing_past_the_horizon() -> None:
    make_type("rodent")
    city = activate_small_model().city
    with pytest.raises(PastHorizon, match="open for 1440 h"):
        get_forecaster().remaining(city, ForecastQuery("rodent", NOON), 1440.0)


@pytest.mark.parametrize("slash", ["", "/"])
def test_versions_are_listed_without_their_bytes(
    client: Client, slash: str, django_assert_num_queries: Any
) -> None:
    activate_small_model()
    with django_assert_num_queries(1) as captured:
        rows = client.get(f"/api/v1/models{slash}").json()["results"]
    assert '"onnx"' not in captured[0]["sql"]
    assert [(row["version"], row["status"]) for row in rows] == [("small-1", "active")]
    assert client.get(f"/api/v1/models/small-1{slash}").json()["city"] == "nyc"
