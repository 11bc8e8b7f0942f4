"""`POST /api/v1/predictions/`: many forecasts at once, each as it is alone."""

import csv
import io
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from complaints.tests.factories import make_complaint, make_district, make_type
from predictions import batches
from predictions.answers import answer, answer_many, encoded
from predictions.queries import Asked, query_of
from predictions.serving import serving
from predictions.tests.small_model import TYPICAL_HOURS, activate_small_model

pytestmark = pytest.mark.django_db

PATH = "/api/v1/predictions/"
NDJSON = "application/x-ndjson"
ROW = {
    "complaint_type": "noise-residential",
    "latitude": 40.7,
    "longitude": -73.9,
    "created_date": "2021-07-10T12:00:00",
}


@pytest.fixture(autouse=True)
def _model() -> None:
    for code in TYPICAL_HOURS:
        make_type(code)
    activate_small_model()


def send(client: Client, body: Any, content_type: str = "application/json", **headers: str) -> Any:
    content = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post(PATH, content, content_type=content_type, headers=headers)


def as_lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def as_table(rows: list[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(ROW))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def alone(client: Client, row: dict[str, Any]) -> bytes:
    """What `/predict/` answers to a row."""
    given = {name: value for name, value in row.items() if value is not None}
    kind = quote(given.pop("complaint_type"))
    content: bytes = client.get(f"/predict/{kind}?{urlencode(given)}").content
    return content


def random_rows(count: int) -> list[dict[str, Any]]:
    chance = random.Random(311)
    rows: list[dict[str, Any]] = []
    for _ in range(count):
        row: dict[str, Any] = {
            "complaint_type": chance.choice([*TYPICAL_HOURS, "Noise Residential", "LOST-CAUSE"])
        }
        if chance.random() < 0.7:
            row |= {
                "latitude": chance.uniform(40.5, 40.9),
                "longitude": chance.uniform(-74.2, -73.7),
            }
        if chance.random() < 0.7:
            moment = datetime(2019, 1, 1) + timedelta(minutes=chance.randrange(3_000_000))  # noqa: DTZ001
            offset = chance.choice(["", "Z", "-04:00"])
            row["created_date"] = moment.isoformat().replace("T02:", "T04:") + offset
        rows.append(row)
    return rows


def test_a_thousand_answers_are_byte_for_byte_those_of_one_by_one() -> None:
    for day in range(6):
        for place in (None, make_district()):
            make_complaint(created_at=timezone.now() - timedelta(days=day), district=place)
    known, now = serving.state()[settings.CITY], timezone.now()
    asked = [Asked(**row) for row in random_rows(1_000)]
    bodies = answer_many(known, [query_of(one, known, now) for one in asked])
    for row, body in zip(random_rows(1_000), bodies, strict=True):
        kind = row.pop("complaint_type")
        one = answer(known, kind, urlencode(row), now, "")
        assert one.body == encoded(body)
    # Or the comparison has not seen the live queue, nor its absence.
    assert {body.queue is None for body in bodies} == {True, False}


@pytest.mark.parametrize(
    ("content_type", "write"),
    [("application/json", json.dumps), (NDJSON, as_lines), ("text/csv", as_table)],
)
def test_each_form_is_read_and_each_answer_written(
    client: Client, content_type: str, write: Callable[[Any], str]
) -> None:
    rows: list[dict[str, Any]] = [
        ROW,
        {**ROW, "complaint_type": "Rodent", "latitude": None, "longitude": None},
        {"complaint_type": "lost-cause", "created_date": "2021-01-01T00:00Z"},
    ]
    expected = [alone(client, row) for row in rows]
    response = send(client, write(rows), content_type)
    assert response.status_code == 200, response.content
    assert response["Content-Type"] == "application/json"
    assert response.content == b"[" + b",".join(expected) + b"]"
    lines = send(client, write(rows), content_type, Accept=NDJSON)
    assert lines["Content-Type"] == NDJSON
    assert lines.content == b"".join(one + b"\n" for one in expected)


def test_one_object_is_answered_with_one(client: Client) -> None:
    assert send(client, ROW).content == alone(client, ROW)
    assert send(client, [ROW]).content == b"[" + alone(client, ROW) + b"]"


def errors(response: Any) -> dict[str, tuple[str, str]]:
    assert response["Content-Type"] == "application/problem+json"
    found = response.json()["errors"]
    return {error["pointer"]: (error["code"], error["detail"]) for error in found}


def test_every_row_that_is_wrong_is_named_and_none_is_answered(client: Client) -> None:
    response = send(
        client,
        [
            ROW,
            {**ROW, "complaint_type": "rodents", "created_date": "soon"},
            {**ROW, "latitude": "40.7"},
            {**ROW, "longitude": None},
            {**ROW, "latitude": 51.5},
            {"lat": 40.7},
            7,
            ROW,
        ],
    )
    assert response.status_code == 400
    found = errors(response)
    assert set(found) == {
        *("/1/complaint_type", "/1/created_date", "/2/latitude", "/3/longitude", "/4/latitude"),
        *("/5/complaint_type", "/5/lat", "/6"),
    }
    assert found["/1/complaint_type"][0] == "unknown_type"
    assert "nearest are rodent" in found["/1/complaint_type"][1]
    assert "got '40.7', expected a number" in found["/2/latitude"][1]
    assert "expected one in New York City" in found["/4/latitude"][1]
    assert found["/5/lat"][0] == "unknown_field"
    assert response.json()["detail"].startswith("8 errors; the first: got 'rodents'")


def test_a_table_and_lines_name_their_rows_too(client: Client) -> None:
    table = "complaint_type,latitude,longitude\nrodent,,\nrodent,here,-73.9\nrodent,40.7\n"
    assert set(errors(send(client, table, "text/csv"))) == {"/1/latitude", "/2"}
    lines = f"{json.dumps(ROW)}\n\n{{\n{json.dumps({**ROW, 'latitude': 91})}\n"
    assert set(errors(send(client, lines, NDJSON))) == {"/1", "/2/latitude"}


def test_the_errors_of_one_object_point_into_it(client: Client) -> None:
    assert set(errors(send(client, {**ROW, "latitude": 91}))) == {"/latitude"}
    assert set(errors(send(client, {}))) == {"/complaint_type"}


def test_of_very_many_wrong_rows_the_first_hundred_are_named(client: Client) -> None:
    assert list(errors(send(client, [{**ROW, "latitude": 91}] * 300))) == [
        f"/{number}/latitude" for number in range(100)
    ]


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        ("[]", "application/json", "got no rows, expected 1 to 10,000"),
        ("", NDJSON, "got no rows"),
        ("", "text/csv", "got no rows"),
        ("rodent\n", "text/csv", "expected complaint_type and any of"),
        ("complaint_type\n", "text/csv", "got no rows"),
        ("complaint_type,lat\nrodent,40\n", "text/csv", "got the columns 'complaint_type,lat'"),
        ("complaint_type,complaint_type\na,b\n", "text/csv", "each once"),
        ('complaint_type\n"rodent\n', "text/csv", "line 2: unexpected end of data"),
        (b"complaint_type\n\xff\n", "text/csv", "not UTF-8: byte 15"),
        ("[{]", "application/json", "not JSON"),
        ("[" * 100_000, "application/json", "nested too deeply"),
        ('[{"complaint_type": "rodent\\u0000"}]', "application/json", "null byte"),
        (
            '[{"complaint_type": "rodent", "complaint_type": "lost-cause"}]',
            "application/json",
            "same key twice",
        ),
        (
            '{"complaint_type": "a", "complaint_type": "rodent", "latitude": null}',
            NDJSON,
            "same key twice",
        ),
        ('{"complaint_type": "rodent", "latitude": 1e999, "longitude": 1}', NDJSON, "got"),
    ],
)
def test_what_is_no_batch_is_a_400_that_says_why(
    client: Client, body: str | bytes, content_type: str, expected: str
) -> None:
    response = send(client, body, content_type)
    assert response.status_code == 400
    assert expected in json.dumps(response.json(), ensure_ascii=False)


def test_colons_in_texts_are_no_keys(client: Client) -> None:
    rows = [{**ROW, "created_date": "2021-07-10T12:00:00-04:00", "latitude": None}]
    assert set(errors(send(client, rows))) == {"/0/latitude"}
    assert set(errors(send(client, [{"complaint_type": "a: b"}]))) == {"/0/complaint_type"}


def test_escapes_in_texts_are_read(client: Client) -> None:
    body = '[{"complaint_type": "\\u0072odent"}]'
    assert send(client, body).json()[0]["complaint_type"] == "rodent"


def test_more_rows_than_allowed_are_a_413_that_says_how_many(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "MOST_ROWS", 3)
    assert send(client, [ROW] * 3).status_code == 200
    for body, content_type in (
        (json.dumps([ROW] * 4), "application/json"),
        (as_lines([ROW] * 4), NDJSON),
        (as_table([ROW] * 4), "text/csv"),
    ):
        response = send(client, body, content_type)
        assert response.status_code == 413
        assert response.json()["detail"] == "got 4 rows, expected at most 3"


def test_other_forms_are_refused(client: Client) -> None:
    assert send(client, "<rows/>", "text/xml").status_code == 415
    assert send(client, [ROW], "application/json; charset=latin-1").status_code == 415
    assert send(client, [ROW], Accept="text/csv").status_code == 406
    assert client.get(PATH).status_code == 405


def test_each_row_counts_as_one_reading(client: Client, settings: Any) -> None:
    settings.LIMITS_PER_MINUTE = settings.LIMITS_PER_MINUTE | {"anonymous_reading": 10}
    assert send(client, [ROW] * 8).status_code == 200
    refused = send(client, [ROW] * 8)
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60


def test_without_a_model_it_says_503_and_not_a_number(client: Client) -> None:
    from predictions.models import ModelVersion

    ModelVersion.objects.update(status="refused")
    response = send(client, [ROW])
    assert response.status_code == 503
    assert "No model is active" in response.json()["detail"]
