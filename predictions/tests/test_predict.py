"""`GET /predict/{complaint_type}`, and the same by the lane."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints.phrases import hours_in_words
from complaints.tests.factories import make_city, make_complaint, make_district, make_type
from predictions.serving import serving
from predictions.tests.small_model import TYPICAL_HOURS, activate_small_model

pytestmark = pytest.mark.django_db

PLACE = "latitude=40.7&longitude=-73.9"
WHEN = "created_date=2021-07-10T12:00:00"
PATHS = ["predict", "predict/", "predict_async", "predict_async/"]


@pytest.fixture(autouse=True)
def _model() -> None:
    for code in TYPICAL_HOURS:
        make_type(code)
    activate_small_model()


def get(client: Client, query: str, code: str = "noise-residential") -> Any:
    return client.get(f"/predict/{code}?{query}")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("path", ["predict", "predict_async"])
def test_it_answers_a_median_a_range_and_chances(client: Client, path: str, slash: str) -> None:
    response = client.get(f"/{path}/noise-residential{slash}?{PLACE}&{WHEN}")
    assert response.status_code == 200
    body = response.json()
    assert 1 < body["estimated_time"] < 6
    assert body["unit"] == "hours"
    assert body["interval"]["p10"] < body["estimated_time"] < body["interval"]["p90"]
    assert list(body["closed_within"]) == ["24", "72", "168"]
    assert 0.9 < body["closed_within"]["24"] <= body["closed_within"]["168"] <= 1
    assert body["complaint_type"] == "noise-residential"
    assert body["beyond_horizon"] is False
    assert body["model"]["version"] == "small-1"


def test_the_sentence_says_the_same_in_plain_words(client: Client) -> None:
    body = get(client, f"{PLACE}&{WHEN}").json()
    low, median, high = (
        hours_in_words(number)
        for number in (body["interval"]["p10"], body["estimated_time"], body["interval"]["p90"])
    )
    assert body["sentence"] == (
        f"Half of such complaints are closed within {median}, "
        f"eight in ten between {low} and {high}."
    )


def test_reasons_are_told_only_if_asked_for(client: Client) -> None:
    plain = get(client, f"{PLACE}&{WHEN}").json()
    assert "why" not in plain
    assert get(client, f"{PLACE}&{WHEN}&why=false").json() == plain
    asked = get(client, f"{PLACE}&{WHEN}&why=true").json()
    why = asked.pop("why")
    assert asked == plain
    assert 1 <= len(why) <= 3
    assert {reason["feature"] for reason in why} <= {"place", "time"}
    sizes = [abs(reason["hours"]) for reason in why]
    assert sizes == sorted(sizes, reverse=True)
    assert all("than usual for this type" in reason["words"] for reason in why)


def test_the_queue_of_now_is_told_and_of_another_time_is_not(client: Client) -> None:
    now = timezone.now()
    kind = make_type("noise-residential")
    for day in range(6):
        for district in (make_district(), make_district("queens-01")):
            filed_at = now - timedelta(days=day, minutes=5)
            make_complaint(complaint_type=kind, created_at=filed_at, district=district)
    assert get(client, PLACE).json()["queue"] == {
        "open_nearby": 3,
        "open_in_city": 6,
        "filed_within_hours": 72,
        "words": "Of the similar ones filed in the last 72\N{NO-BREAK SPACE}h, 6 are open in the "
        "city, 3 in this district.",
    }
    assert get(client, "").json()["queue"]["open_nearby"] is None
    assert get(client, f"{PLACE}&{WHEN}").json()["queue"] is None


def test_the_expected_closing_is_the_median_on_the_citys_clock(client: Client) -> None:
    body = get(client, f"{PLACE}&{WHEN}").json()
    expected = datetime.fromisoformat(body["expected_close_at"])
    assert expected.utcoffset() == timedelta(hours=-4)
    filed = datetime(2021, 7, 10, 16, tzinfo=UTC)
    assert abs(expected - filed - timedelta(hours=body["estimated_time"])) < timedelta(seconds=2)


def test_a_median_past_the_horizon_is_said_and_not_invented(client: Client) -> None:
    body = get(client, f"{PLACE}&{WHEN}", "lost-cause").json()
    assert body["beyond_horizon"] is True
    assert body["estimated_time"] == body["interval"]["p90"] == 1440.0


def test_place_and_time_may_be_left_out(client: Client) -> None:
    assert get(client, "").status_code == 200
    assert get(client, "latitude=&longitude=&created_date=").status_code == 200


@pytest.mark.parametrize("name", ["Noise Residential", "NOISE-RESIDENTIAL", "noise_residential"])
def test_a_type_goes_by_any_of_its_names(client: Client, name: str) -> None:
    assert get(client, "", name).json()["complaint_type"] == "noise-residential"


def test_an_unknown_type_names_the_nearest(client: Client) -> None:
    response = get(client, "", "rodents")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"
    assert "rodent" in response.json()["detail"].partition("nearest")[2]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("latitude=abc&longitude=-73.9", "expected degrees as a number"),
        ("latitude=4_0&longitude=-73.9", "expected degrees as a number"),
        ("latitude=nan&longitude=-73.9", "expected degrees as a number"),
        ("latitude=1e999&longitude=-73.9", "expected degrees as a number"),
        ("latitude=40.7%00&longitude=-73.9", "expected degrees as a number"),
        ("latitude=91&longitude=-73.9", "expected one in New York City"),
        ("latitude=0&longitude=0", "expected one in New York City"),
        ("latitude=40.7", "longitude is missing"),
        ("longitude=-73.9", "latitude is missing"),
        ("created_date=soon", "expected ISO 8601"),
        ("created_date=2019-03-10T02:30:00", "clocks of America/New_York skip"),
        ("created_date=0001-01-01", "expected a time since 1900"),
        ("created_date=9999-12-31", "at most 366 days ahead"),
        ("created_date=%00", "expected ISO 8601"),
        ("lat=40.7", "got the parameter 'lat'"),
        ("why=perhaps", "why: got 'perhaps', expected true or false"),
        ("latitude=40.7&latitude=40.8&longitude=-73.9", "given twice"),
        ("latitude=%ff&longitude=-73.9", "not UTF-8"),
        ("&".join(f"a{number}=1" for number in range(50)), "too many fields"),
    ],
)
def test_bad_input_is_a_400_that_says_what_was_expected(
    client: Client, query: str, expected: str
) -> None:
    response = get(client, query)
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert expected in response.json()["detail"]
    assert len(response.content) < 1000


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_takes_only_get(client: Client, method: str) -> None:
    response: Any = getattr(client, method)("/predict/rodent")
    assert response.status_code == 405


def test_it_says_which_methods_it_takes(client: Client) -> None:
    told = get(client, PLACE)["Allow"].split(", ")
    for method in ("get", "head", "options", "post", "put", "patch", "delete"):
        response: Any = getattr(client, method)("/predict/rodent")
        assert (response.status_code != 405) == (method.upper() in told)


def test_without_a_model_it_says_503_and_not_a_number(client: Client) -> None:
    from predictions.models import ModelVersion

    ModelVersion.objects.update(status="refused")
    response = get(client, PLACE)
    assert response.status_code == 503
    assert response["Retry-After"] == "5"
    assert "No model is active" in response.json()["detail"]


def lane(path: str, method: str = "GET") -> httpx.Response:
    """One request to the lane's application, as its server would hand it over."""
    from predictions.asgi import application

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://lane") as client:
            return await client.request(method, path)

    return asyncio.run(ask())


@pytest.fixture
def _loaded(settings: Any) -> Iterator[None]:
    """The lane as it runs: its state in memory, so that no request touches the database."""
    serving.state()
    settings.FORECAST_REFRESH_SECONDS = 3600
    yield
    serving.forget()


QUERIES = st.fixed_dictionaries(
    {},
    optional={
        "latitude": st.floats(40.4, 41) | st.text(max_size=5),
        "longitude": st.floats(-74.3, -73.6) | st.text(max_size=5),
        "created_date": st.datetimes(datetime(2018, 1, 1), datetime(2026, 1, 1)).map(str)  # noqa: DTZ001
        | st.text(max_size=12),
        "why": st.sampled_from(["true", "false", "1"]),
        "other": st.just("1"),
    },
)


@pytest.mark.usefixtures("_loaded")
@settings(
    # A busy machine is no reason to fail.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
    max_examples=100,
)
@given(kind=st.sampled_from([*TYPICAL_HOURS, "rodents", "Noise Residential"]), query=QUERIES)
def test_web_and_lane_answer_the_same_bytes(kind: str, query: dict[str, Any]) -> None:
    from urllib.parse import quote, urlencode

    given_date = {"created_date": "2021-01-01"} | query
    text = urlencode(given_date, errors="surrogatepass")
    path = f"/predict_async/{quote(kind)}?{text}"
    web, by_lane = Client().get(path), lane(path)
    assert web.status_code == by_lane.status_code
    assert web["Content-Type"] == by_lane.headers["Content-Type"]
    if web.status_code == 200:
        assert web.content == by_lane.content
    else:
        assert web.json() | {"request_id": ""} == by_lane.json() | {"request_id": ""}


@pytest.mark.usefixtures("_loaded")
@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/predict_async/rodent/", "GET", 200),
        ("/predict_async/rodent", "HEAD", 200),
        ("/predict_async/rodent", "POST", 405),
        ("/predict_async/", "GET", 404),
        ("/predict_async", "GET", 404),
        ("/dashboard/", "GET", 404),
        ("/healthz", "GET", 200),
    ],
)
def test_the_lane_does_one_thing(path: str, method: str, status: int) -> None:
    response = lane(path, method)
    assert response.status_code == status
    if status >= 400:
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["request_id"] == response.headers["X-Request-ID"]


def test_serving_a_forecast_loads_no_training_library() -> None:
    import subprocess
    import sys

    code = (
        "import predictions.asgi, smart311.wsgi, smart311.urls, sys;"
        "found = {'sklearn', 'pandas', 'polars', 'onnx', 'scipy'} & set(sys.modules);"
        "sys.exit(', '.join(found) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_city_comes_from_the_settings(client: Client, settings: Any) -> None:
    settings.CITY = "gotham"
    assert get(client, "").status_code == 503
    make_city("gotham", jurisdiction_id="gotham.example")
    assert get(client, "").status_code == 404
