"""The sample complaints, moved to the present."""

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings

from complaints.city_files import load_city
from complaints.models import City, Complaint
from complaints.sample import SAMPLE, SOURCE, load_sample, measure
from complaints.tests.csv_files import OPEN, write_csv
from complaints.tests.factories import make_city

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
"""A Wednesday, before the clocks change."""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """One complaint each Monday noon for seven weeks, the last one closed two days later."""
    mondays = [datetime(2019, 4, 22, 12) + timedelta(weeks=week) for week in range(7)]  # noqa: DTZ001
    rows = [{"created_date": f"{monday:%Y-%m-%dT%H:%M:%S}.000", **OPEN} for monday in mondays]
    rows[-1] |= {"status": "Closed", "closed_date": f"{mondays[-1]:%Y-%m}-05T12:00:00.000"}
    return write_csv(tmp_path / "sample.csv", *rows)


def days(city: City) -> list[str]:
    rows = Complaint.objects.order_by("created_at").values_list("created_at", flat=True)
    return [f"{city.localise(moment):%a %m-%d %H}" for moment in rows]


def test_weekdays_and_hours_stay_and_the_last_week_is_this_one(small: Path) -> None:
    city = make_city()
    load_sample(city, NOW, small)
    assert days(city)[0] == "Mon 01-19 12"
    assert days(city)[-1] == "Mon 03-02 12"
    assert len(days(city)) == 7


def test_later_closings_are_not_known_yet_and_come_with_time(small: Path) -> None:
    city = make_city()
    load_sample(city, NOW, small)
    assert Complaint.objects.open().count() == 7
    load_sample(city, NOW + timedelta(hours=6), small)
    assert Complaint.objects.closed().count() == 1


def test_loading_again_at_once_changes_nothing(small: Path) -> None:
    city = make_city()
    load_sample(city, NOW, small)
    summary = load_sample(city, NOW, small)
    assert (summary.new, summary.updated) == (0, 0)


def test_past_its_end_the_sample_goes_on_from_its_beginning(small: Path) -> None:
    city = make_city()
    load_sample(city, NOW, small)
    load_sample(city, NOW + timedelta(weeks=9), small)
    assert len(days(city)) == 16
    assert {day[:3] for day in days(city)} == {"Mon"}
    gaps = set(map(timedelta.total_seconds, _gaps()))
    assert gaps <= {7 * 86400.0, 7 * 86400.0 - 3600}


def _gaps() -> list[timedelta]:
    moments = list(Complaint.objects.order_by("created_at").values_list("created_at", flat=True))
    return [later - earlier for earlier, later in itertools.pairwise(moments)]


def test_nothing_of_the_future_is_loaded(small: Path) -> None:
    city = make_city()
    load_sample(city, NOW - timedelta(days=3), small)
    assert not Complaint.objects.filter(created_at__gt=NOW - timedelta(days=3)).exists()


def test_the_committed_sample_spans_seven_weeks_and_fills_the_dashboard() -> None:
    city = load_city(Path(settings.BASE_DIR) / "fixtures" / "nyc")
    known = city.complaint_types.count()
    assert measure(SAMPLE).weeks == 7
    load_sample(city, NOW)
    rows = Complaint.objects.filter(source=SOURCE)
    assert 25_000 < rows.count() < 31_000
    assert rows.filter(created_at__gte=NOW - timedelta(hours=24)).count() > 200
    assert 500 < rows.open().count() < 10_000
    assert city.complaint_types.count() == known
