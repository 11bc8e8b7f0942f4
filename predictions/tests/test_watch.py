"""Drift, lost coverage and age: what raises a flag and queues a training."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from complaints.models import City, Complaint
from complaints.tests.factories import make_city, make_complaint, make_type
from predictions import tasks, watch
from predictions.drift import COUNT, Shares, drift, input_shares, stability_index
from predictions.ml.labels import TooFewComplaints
from predictions.models import ForecastWatch, ModelVersion, PromiseCount
from predictions.tests.small_model import activate_small_model
from smart311.tests.test_metrics import samples

pytestmark = pytest.mark.django_db

NOW = timezone.now().replace(microsecond=0)


def filed(count: int, code: str = "rodent", days_ago: float = 3.0) -> None:
    kind = make_type(code)
    Complaint.objects.bulk_create(
        Complaint(
            city=kind.city,
            complaint_type=kind,
            channel="phone",
            created_at=NOW - timedelta(days=days_ago, minutes=minute),
        )
        for minute in range(count)
    )


def model(as_of: datetime = NOW, inputs: Shares | None = None) -> ModelVersion:
    version = activate_small_model()
    header = version.header | {"inputs": inputs or {}}
    ModelVersion.objects.update(as_of=as_of, header=header)
    return version


def promises(kept: int, due: int) -> None:
    kind = make_type("rodent")
    PromiseCount.objects.create(
        city=kind.city,
        model="small-1",
        week_on=(NOW - timedelta(days=NOW.weekday())).date(),
        complaint_type=kind,
        due=due,
        kept=kept,
        early=0,
        late=due - kept,
        before_median=0,
        error_seconds=0,
    )


def test_shares_are_of_the_citys_own_hours_and_leave_bookkeeping_out() -> None:
    noon = datetime.fromisoformat("2026-03-03T12:30:00-05:00")
    city = make_complaint(2.0, created_at=noon, channel="phone").city
    make_complaint(None, created_at=noon + timedelta(hours=1), complaint_type=make_type("rodent"))
    make_complaint(0.0, created_at=noon)
    make_complaint(2.0, created_at=noon - timedelta(days=2))
    found = input_shares(city, noon - timedelta(days=1), noon + timedelta(days=1))
    assert found["hour"] == {"12": 0.5, "13": 0.5, COUNT: 2}
    assert found["complaint_type"] == {"noise-residential": 0.5, "rodent": 0.5, COUNT: 2}
    assert found["channel"] == {"phone": 0.5, "": 0.5, COUNT: 2}
    assert found["district"] == {"": 1.0, COUNT: 2}


def test_the_index_is_that_of_the_textbook_less_chance() -> None:
    learned = {"a": 0.6, "b": 0.4, COUNT: 1e9}
    recent = {"a": 0.4, "b": 0.6, COUNT: 1e9}
    # 2 · 0.2 · ln 1.5
    assert stability_index(learned, recent) == pytest.approx(0.16218, abs=1e-5)
    assert stability_index(learned, learned) == 0.0


def test_chance_alone_is_no_drift_even_with_many_values() -> None:
    chance = random.Random(311)
    values = [f"{number}" for number in range(60)]

    def drawn(count: int) -> dict[str, float]:
        rows = chance.choices(values, k=count)
        return {value: rows.count(value) / count for value in values} | {COUNT: float(count)}

    indices = [stability_index(drawn(1_000), drawn(250)) for _ in range(20)]
    assert max(indices) < 0.15


def test_a_value_never_seen_before_counts_as_one_of_the_rest() -> None:
    learned = {"a": 1.0, COUNT: 1000.0}
    recent = {"a": 0.2, "new": 0.8, COUNT: 1000.0}
    assert stability_index(learned, recent) > 1


def test_too_few_complaints_say_nothing_of_drift() -> None:
    filed(199)
    learned = {"complaint_type": {"noise": 1.0, COUNT: 1000.0}}
    assert drift(learned, make_city(), NOW) == {}
    filed(1, days_ago=2)
    assert drift(learned, make_city(), NOW)["complaint_type"] > 1


def test_drifted_inputs_raise_a_flag_in_every_place(client: Client) -> None:
    filed(300)
    model(inputs={"complaint_type": {"noise-residential": 1.0, COUNT: 5000.0}})
    found = watch.check(make_city(), NOW)
    assert found.drift["complaint_type"] > 1
    assert "complaint_type has drifted since the training" in found.alerts[0]
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert "complaint_type has drifted" in ready.json()["alerts"]["forecasts_fit"]
    metrics = samples(client)
    assert metrics["smart311_forecast_alerts", "city=nyc"] == 1
    assert metrics["smart311_input_drift", "city=nyc,input=complaint_type"] > 1


def test_the_flag_goes_down_when_the_reason_is_gone() -> None:
    filed(300)
    model(inputs={"complaint_type": {"noise-residential": 1.0, COUNT: 5000.0}})
    assert watch.check(make_city(), NOW).alerts
    shares = input_shares(make_city(), NOW - timedelta(days=28), NOW)
    header = ModelVersion.objects.get().header | {"inputs": shares}
    ModelVersion.objects.update(header=header)
    assert not watch.check(make_city(), NOW).alerts


@pytest.mark.parametrize(
    ("kept", "due", "is_flagged"),
    [(160, 200, False), (140, 200, True), (190, 200, True), (100, 199, False)],
)
def test_coverage_out_of_bounds_raises_a_flag(
    client: Client, kept: int, due: int, is_flagged: bool
) -> None:
    model()
    promises(kept, due)
    found = watch.check(make_city(), NOW)
    assert bool(found.alerts) is is_flagged
    metrics = samples(client)
    assert metrics["smart311_promises_kept_ratio", "city=nyc"] == pytest.approx(kept / due)
    assert metrics["smart311_promises_due", "city=nyc"] == due


def test_a_model_is_renewed_daily_if_there_is_something_new() -> None:
    model(as_of=NOW - timedelta(days=4))
    filed(99)
    city = make_city()
    assert watch.reasons_to_train(city, NOW) == []
    filed(1, days_ago=2)
    (reason,) = watch.reasons_to_train(city, NOW)
    assert "small-1 is older than a day, and 100 complaints came or closed" in reason
    ModelVersion.objects.update(as_of=NOW - timedelta(hours=23))
    assert watch.reasons_to_train(city, NOW) == []


def test_a_model_that_cannot_be_loaded_is_a_reason() -> None:
    model()
    assert watch.reasons_to_train(make_city(), NOW) == []
    ModelVersion.objects.update(onnx=b"junk")
    assert watch.reasons_to_train(make_city(), NOW) == ["small-1 cannot be loaded"]


def test_a_city_without_a_model_gets_one_as_soon_as_it_has_complaints() -> None:
    city = make_city()
    assert watch.reasons_to_train(city, NOW) == []
    filed(100)
    assert watch.reasons_to_train(city, NOW) == ["no model is active"]


def queued() -> int:
    return DBTaskResult.objects.filter(task_path="predictions.tasks.retrain").count()


def test_watching_queues_one_training_and_not_again_for_a_while() -> None:
    filed(100)
    assert tasks.watch_forecasts.call() == ["nyc: no model is active"]
    assert tasks.watch_forecasts.call() == []
    assert queued() == 1
    DBTaskResult.objects.update(status="FAILED")
    ForecastWatch.objects.update(retraining_at=timezone.now() - timedelta(hours=19))
    assert tasks.watch_forecasts.call() == []
    ForecastWatch.objects.update(retraining_at=timezone.now() - timedelta(hours=21))
    assert tasks.watch_forecasts.call()
    assert queued() == 2


def test_a_training_that_still_waits_is_not_queued_twice() -> None:
    filed(100)
    tasks.watch_forecasts.call()
    ForecastWatch.objects.update(retraining_at=None)
    assert tasks.watch_forecasts.call() == []
    assert queued() == 1


def run() -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("retrain_if_needed", stdout=out)
    except SystemExit as ended:
        return int(str(ended.code)), out.getvalue()
    return 0, out.getvalue()


def trained(status: str) -> Any:
    def train(city: City, as_of: datetime, progress: Any) -> ModelVersion:
        version = activate_small_model()
        version.status = status
        version.verdict = {
            "checks": [{"name": "mean error", "passed": False, "got": 9, "expected": "8"}]
        }
        return version

    return train


def test_cron_is_told_what_was_done(monkeypatch: pytest.MonkeyPatch) -> None:
    make_city()
    assert run() == (0, "Nothing to do.\n")
    filed(100)
    target = "predictions.management.commands.retrain_if_needed.train_version"
    monkeypatch.setattr(target, trained("active"))
    code, said = run()
    assert (code, said) == (10, "no model is active\nsmall-1 is trained and serves now.\n")
    assert run() == (0, "Nothing to do.\n")


def test_cron_is_told_that_the_gate_kept_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    filed(100)
    target = "predictions.management.commands.retrain_if_needed.train_version"
    monkeypatch.setattr(target, trained("refused"))
    code, said = run()
    assert code == 11
    assert "the gate kept the old one:\nmean error: got 9, expected 8" in said


def test_cron_is_told_of_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    filed(100)

    def fail(*args: Any) -> None:
        raise TooFewComplaints("100 complaints")

    monkeypatch.setattr("predictions.management.commands.retrain_if_needed.train_version", fail)
    with pytest.raises(CommandError, match="100 complaints"):
        run()
    with pytest.raises(CommandError, match="no city 'gotham'"):
        call_command("retrain_if_needed", city="gotham")
