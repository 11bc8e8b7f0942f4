"""`manage.py promise_sample`."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from complaints.models import Complaint
from complaints.tests.factories import make_city, make_complaint, make_type
from predictions.models import ModelVersion, PromiseCount
from predictions.tests.small_model import TYPICAL_HOURS, activate_small_model

pytestmark = pytest.mark.django_db

NOW = timezone.now()


@pytest.fixture
def version() -> ModelVersion:
    """Trained as of two days ago, with a rehearsal as of nine days ago."""
    for code in TYPICAL_HOURS:
        make_type(code)
    found = activate_small_model()
    found.header = found.header | {"as_of": (NOW - timedelta(days=2)).isoformat()}
    found.rehearsal_onnx = found.onnx
    found.rehearsal_header = found.header | {"as_of": (NOW - timedelta(days=9)).isoformat()}
    found.save()
    return found


def filed(days_ago: float, source: str = "sample", closed_after: float | None = 3.0) -> Complaint:
    at = NOW - timedelta(days=days_ago)
    return make_complaint(closed_after, created_at=at, source=source)


def run() -> str:
    out = StringIO()
    call_command("promise_sample", stdout=out)
    return out.getvalue()


def test_each_is_promised_by_a_model_that_had_not_seen_it(version: ModelVersion) -> None:
    for days_ago in (1, 5, 12):
        filed(days_ago)
    assert "2 complaints of the sample have got a promise" in run()
    rows = list(Complaint.objects.order_by("-created_at"))
    assert [row.promised_by for row in rows] == ["small-1", "small-1-rehearsal", ""]
    first = rows[0]
    assert first.promised_p10_hours and first.promised_median_hours and first.promised_p90_hours
    assert 0 < first.promised_p10_hours < first.promised_median_hours < first.promised_p90_hours


def test_real_complaints_are_left_alone(version: ModelVersion) -> None:
    filed(1, source="api")
    assert "0 complaints" in run()
    assert Complaint.objects.get().promised_by == ""


def test_what_came_of_them_is_counted_at_once_and_once(version: ModelVersion) -> None:
    filed(1)
    filed(5, closed_after=None)
    run()
    (totals,) = PromiseCount.objects.totals("city")
    assert (totals["due"], totals["late"]) == (2, 1)
    assert "0 complaints" in run()


def test_without_a_model_nothing_is_promised() -> None:
    make_city()
    filed(1)
    assert "0 complaints" in run()
