"""`manage.py train_model`: from rows in the database to forecasts over HTTP."""

from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from complaints.city_files import load_city
from complaints.sample import load_sample
from complaints.tests.factories import make_city, make_complaint
from predictions.models import ModelVersion
from predictions.training_data import read_complaints
from predictions.watch import reasons_to_train

pytestmark = pytest.mark.django_db


def train(**options: str | bool) -> str:
    out = StringIO()
    call_command("train_model", stdout=out, **options)
    return out.getvalue()


def test_the_sample_trains_a_model_that_serves_and_beats_kaplan_meier(client: Client) -> None:
    city = load_city(Path(settings.BASE_DIR) / "fixtures" / "nyc")
    load_sample(city, timezone.now())
    printed = train(single=True)
    version = ModelVersion.objects.get()
    assert timedelta(days=6) < timezone.now() - version.as_of < timedelta(days=8)
    assert reasons_to_train(city, timezone.now()) == []
    assert version.status == "active"
    assert f"{version.version} serves now." in printed
    models = version.metrics["models"]
    forecast, kaplan_meier = (
        models[name]["overall"] for name in ("forecast", "kaplan_meier_recent")
    )
    assert forecast["mae_hours"] < kaplan_meier["mae_hours"]
    assert forecast["brier_24"] < kaplan_meier["brier_24"]
    for name in ("forecast", "kaplan_meier", "kaplan_meier_recent", "type_median", "global_median"):
        assert name in printed
    answer = client.get("/predict/noise-residential?latitude=40.71&longitude=-73.95").json()
    assert answer["model"]["version"] == version.version
    assert 0.1 < answer["estimated_time"] < 24
    assert client.get("/readyz").status_code == 200


def test_too_little_data_is_said_and_stores_nothing() -> None:
    make_city()
    with pytest.raises(CommandError, match=r"0 complaints before .* nothing was stored"):
        train()
    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"as_of": "soon"}, "--as-of: got 'soon'"), ({"city": "gotham"}, "no city 'gotham'")],
)
def test_bad_options_are_named(options: dict[str, str], message: str) -> None:
    make_city()
    with pytest.raises(CommandError, match=message):
        train(**options)


def test_training_reads_what_is_evidence_and_nothing_private() -> None:
    closed = make_complaint(closed_after_hours=2, descriptor="Loud Music/Party")
    opened = make_complaint(latitude=None, longitude=None, description="private words")
    make_complaint(closed_after_hours=0)
    frame = read_complaints(closed.city)
    assert frame["closed_at"].to_list() == [closed.closed_at, None]
    assert frame["created_at"].to_list() == [closed.created_at, opened.created_at]
    assert frame["descriptor"].to_list() == ["Loud Music/Party", None]
    assert frame["latitude"].to_list() == [40.75, None]
    assert "private words" not in str(frame.rows())
    later = read_complaints(closed.city, created_before=closed.created_at)
    assert later.is_empty()
    assert closed.closed_at and closed.closed_at - closed.created_at == timedelta(hours=2)
