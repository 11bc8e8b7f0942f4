"""The registry of model versions and the switch from one to the next."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, transaction
from django.test import Client

from complaints.forecasting import ForecastQuery, NoForecast, PastHorizon, get_forecaster
from complaints.models import City
from complaints.tests.factories import NOON, make_city, make_type
from predictions.ml.features import Query
from predictions.models import ModelVersion
from predictions.serving import serving
from predictions.tests.small_model import activate_small_model

pytestmark = pytest.mark.django_db


def copy_of(version: ModelVersion, name: str, **changes: Any) -> ModelVersion:
    fields = {
        "city": version.city,
        "version": name,
        "as_of": version.as_of,
        "onnx": bytes(version.onnx),
        "sha256": version.sha256,
        "header": version.header,
    }
    return ModelVersion.objects.create(**fields | changes)


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
    assert "small-2 is refused" in client.get("/readyz").json()["checks"]["active_model"]


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
    assert begun == found
    assert later.expected_close_at == NOON + timedelta(hours=24 + later.median_hours)
    # P(closed by 48 h, given open at 24 h), from the definition.
    survived = 1 - found.closed_within[24]
    assert later.closed_within[24] == pytest.approx(
        (served_closed_within(city, query, 48) - found.closed_within[24]) / survived
    )


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
