"""Following a complaint: its public history, its forecast now, and its like."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from complaints import history
from complaints.forecasting import Forecast, ForecastQuery, PastHorizon
from complaints.models import City, Complaint, ComplaintEvent
from complaints.tests.factories import NOON, make_complaint, make_type
from complaints.tests.forecasters import FixedForecaster, NoForecaster, fixed_forecast

pytestmark = pytest.mark.django_db


class RemainingForecaster(FixedForecaster):
    """Promises two more hours, for up to 1,440."""

    def remaining(self, city: City, query: ForecastQuery, open_hours: float) -> Forecast:
        if open_hours >= 1440:
            raise PastHorizon("too old")
        return fixed_forecast(query.created_at + timedelta(hours=open_hours), 2.0)


class NoneRemaining(NoForecaster):
    """Has no model for open ones either."""

    def remaining(self, city: City, query: ForecastQuery, open_hours: float) -> Forecast:
        return self.forecast(city, query)


@pytest.fixture(autouse=True)
def port(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(history, "get_forecaster", RemainingForecaster)
    return monkeypatch


def get(client: Client, complaint: Complaint, what: str) -> Any:
    return client.get(f"/api/v1/complaints/{complaint.public_id}/{what}")


@pytest.mark.parametrize("slash", ["", "/"])
def test_the_history_is_the_oldest_first(client: Client, slash: str) -> None:
    complaint = make_complaint()
    complaint.close(NOON + timedelta(hours=2))
    rows = get(client, complaint, f"events{slash}").json()["results"]
    assert [row["kind"] for row in rows] == ["opened", "closed"]
    assert rows[1]["occurred_at"] == "2019-07-10T18:00:00Z"


def test_the_history_hides_what_is_private_and_who_did_it(client: Client) -> None:
    complaint = make_complaint()
    actor = User.objects.create_user("marker-agent")
    for text, is_public in (("Seen.", True), ("Secret.", False)):
        ComplaintEvent.objects.create(
            complaint=complaint,
            kind="commented",
            occurred_at=NOON,
            text=text,
            is_public=is_public,
            actor=actor,
        )
    page = get(client, complaint, "events/").content.decode()
    assert "Seen." in page
    assert "Secret." not in page
    assert "marker-agent" not in page


def test_an_open_complaint_is_told_what_remains(client: Client) -> None:
    complaint = make_complaint(created_at=timezone.now() - timedelta(hours=5))
    answer = get(client, complaint, "forecast/").json()
    assert answer["open_for_hours"] == pytest.approx(5.0, abs=0.01)
    assert answer["forecast"]["median_hours"] == 2.0
    assert answer["forecast"]["closed_within"] == {"24": 0.92, "72": 0.97, "168": 0.99}
    assert answer["forecast"]["model"]["version"] == "nyc-test"
    assert answer["reason"] == ""


def test_a_closed_complaint_is_told_what_would_have_been_said(client: Client) -> None:
    answer = get(client, make_complaint(closed_after_hours=3), "forecast").json()
    assert (answer["status"], answer["open_for_hours"]) == ("closed", None)
    assert answer["counted_from"] == "2019-07-10T16:00:00Z"
    assert answer["forecast"]["median_hours"] == 4.0


def test_past_the_horizon_no_number_is_invented(client: Client) -> None:
    answer = get(client, make_complaint(), "forecast/").json()
    assert (answer["forecast"], answer["reason"]) == (None, "too old")


def test_without_a_model_the_forecast_is_a_503(client: Client, port: pytest.MonkeyPatch) -> None:
    port.setattr(history, "get_forecaster", NoneRemaining)
    response = get(client, make_complaint(), "forecast/")
    assert response.status_code == 503
    assert response["Retry-After"] == "5"


@pytest.mark.parametrize("slash", ["", "/"])
def test_similar_ones_are_near_and_of_the_type_open_or_closed(client: Client, slash: str) -> None:
    complaint = make_complaint()
    closed = make_complaint(latitude=40.7510, closed_after_hours=7)
    waiting = make_complaint(latitude=40.7540)
    make_complaint(latitude=40.7550)
    make_complaint(complaint_type=make_type("rodent"))
    make_complaint(created_at=NOON - timedelta(days=181))
    rows = get(client, complaint, f"similar{slash}").json()["results"]
    assert [row["id"] for row in rows] == [closed.public_id, waiting.public_id]
    assert [row["hours_to_close"] for row in rows] == [7.0, None]
    assert rows[0]["distance_metres"] == pytest.approx(111.2, abs=0.2)


def test_without_coordinates_nothing_is_near(client: Client) -> None:
    make_complaint()
    complaint = make_complaint(latitude=None, longitude=None)
    assert get(client, complaint, "similar/").json() == {"results": []}


@pytest.mark.parametrize("what", ["events", "forecast", "similar"])
def test_what_is_not_there_is_told_apart(client: Client, what: str) -> None:
    complaint = make_complaint()
    assert client.get(f"/api/v1/complaints/{'0' * 20}/{what}/").status_code == 404
    assert get(client, complaint, f"{what}/?colour=red").status_code == 400
    response = client.post(f"/api/v1/complaints/{complaint.public_id}/{what}/")
    assert response.status_code in {401, 405}


def test_it_says_in_words_who_waits_and_why(client: Client) -> None:
    closed = make_complaint(closed_after_hours=3)
    found = get(client, closed, "forecast").json()["forecast"]
    assert found["sentence"].startswith("Half of such complaints are closed within 4")
    assert found["queue"]["open_in_city"] == 12
    assert [fact["feature"] for fact in found["why"]] == ["place", "queue"]
