"""Training, testing on what the model has not seen, and the gate: from complaints to a verdict."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from complaints.models import City
from complaints.tests.factories import make_city
from predictions import registry
from predictions.ml.header import read_header
from predictions.ml.runtime import Forecaster
from predictions.models import ModelVersion
from predictions.tests.ml_data import AS_OF, SEEN_UNTIL, complaints
from predictions.training import train_version

pytestmark = pytest.mark.django_db


@pytest.fixture
def city(monkeypatch: pytest.MonkeyPatch) -> City:
    """A city with 28 days of complaints before `AS_OF` and a week of what came then."""
    monkeypatch.setattr("predictions.training.read_complaints", lambda city: complaints(3_000))
    return make_city()


def train(city: City, as_of: datetime, *, single: bool = False) -> ModelVersion:
    return train_version(city, as_of, lambda text, share: None, single=single)


def test_a_version_is_tested_on_what_came_next_and_serves(city: City) -> None:
    version = train(city, AS_OF)
    assert version.status == "active"
    assert version.verdict["passed"]
    assert version.verdict["tested"] == "the version itself"
    assert version.rehearsal_onnx is None
    assert [act["by"] for act in version.history] == ["the gate"]
    assert version.has_intact_header()


def test_its_header_brings_canned_answers_that_every_server_asks_for(city: City) -> None:
    stored = ModelVersion.objects.get(pk=train(city, AS_OF).pk)
    header = read_header(stored.header)
    kinds = {probe.query.complaint_type for probe in header.canned}
    assert kinds == {"noise", "heat", "tree", "never-seen"}
    Forecaster.load(bytes(stored.onnx), stored.header)
    stored.header["canned"][-1]["cumulative"][-1] += 1
    with pytest.raises(registry.Unfit):
        registry.check_fitness(stored)


def test_a_model_that_has_seen_everything_is_tested_by_its_rehearsal(city: City) -> None:
    version = train(city, SEEN_UNTIL)
    assert version.verdict["tested"] == "its rehearsal"
    assert version.rehearsal_header is not None
    start = SEEN_UNTIL - timedelta(days=7)
    assert read_header(version.rehearsal_header).as_of == start
    assert version.verdict["holdout"]["filed_from"] == start.isoformat()


def test_a_single_training_is_that_of_the_rehearsal_and_is_tested_itself(city: City) -> None:
    version = train(city, SEEN_UNTIL, single=True)
    assert version.as_of == SEEN_UNTIL - timedelta(days=7)
    assert version.verdict["tested"] == "the version itself"
    assert version.verdict["holdout"]["filed_from"] == version.as_of.isoformat()
    assert (version.rehearsal_onnx, version.status) == (None, "active")


def test_years_after_the_datas_end_it_is_trained_as_of_that_end(city: City) -> None:
    version = train(city, SEEN_UNTIL + timedelta(days=900))
    assert version.as_of == SEEN_UNTIL
    kinds = read_header(version.header).encoding.statistics["type"]
    # Else recency would leave nothing of any row, and all types alike.
    assert kinds["noise"][2] > kinds["tree"][2] + 0.3


def test_the_active_version_is_compared_on_the_same_complaints(city: City) -> None:
    first = train(city, AS_OF)
    second = train(city, SEEN_UNTIL)
    # Its rehearsal is the first version over again: no better, and so it does not take over.
    assert second.verdict["against"] == f"{first.version} itself"
    assert (first.status, second.status) == ("active", "refused")
    (failed,) = [check for check in second.verdict["checks"] if not check["passed"]]
    assert failed["name"] == f"better than {first.version} in something"


def test_an_active_version_that_has_seen_the_holdout_is_stood_for_by_its_rehearsal(
    city: City,
) -> None:
    first = train(city, SEEN_UNTIL)
    second = train(city, SEEN_UNTIL)
    assert second.verdict["against"] == f"the rehearsal of {first.version}"


def test_without_an_unseen_rival_it_waits_for_a_person(city: City) -> None:
    first = train(city, SEEN_UNTIL)
    ModelVersion.objects.filter(pk=first.pk).update(rehearsal_onnx=None, rehearsal_header=None)
    second = train(city, AS_OF)
    assert second.status == "refused"
    assert "it has seen the holdout" in second.verdict["checks"][-1]["expected"]
    registry.activate(second, "ada", "an older state is wanted")
    assert ModelVersion.objects.active().get() == second


def test_after_an_update_that_cannot_load_the_old_version_the_new_one_serves(city: City) -> None:
    first = train(city, AS_OF)
    ModelVersion.objects.filter(pk=first.pk).update(
        header=first.header | {"features": ["moon"]}, header_sha256=""
    )
    assert registry.serving_version(city.slug) == ""
    second = train(city, SEEN_UNTIL)
    assert second.status == "active"
    assert "other features" in second.verdict["against"]
    assert registry.serving_version(city.slug) == second.version


def test_a_version_that_cannot_be_loaded_again_is_refused(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(version: Any) -> None:
        raise registry.Unfit("broken on its way")

    monkeypatch.setattr("predictions.registry.check_fitness", fail)
    with pytest.raises(registry.Unfit):
        train(city, AS_OF)
    assert ModelVersion.objects.get().status == "refused"
