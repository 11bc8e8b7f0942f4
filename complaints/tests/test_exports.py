"""Exports hold what the list holds, in forms that other programs read."""

import csv
import io
import json
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection
from django.db.models import Func, TextField, Value
from django.http import StreamingHttpResponse
from django.test import Client

from complaints import exports
from complaints.models import Complaint
from complaints.tests.factories import NOON, make_city, make_complaint, make_district
from smart311.tests.embedded_workshop import eventually

pytestmark = pytest.mark.django_db(transaction=True)

FORMULAS = ["=1+1", "+1 555", "-x", "@SUM(A1)", "\tx", "\rx", "=", "-", "+1e5x", "--1"]
HARMLESS = [
    "-5",
    "+1.5",
    "-.5e-3",
    "1",
    "plain",
    "a=b",
    'a "b", c',
    "two\nlines",
    "é ✓",
    "",
    "50 %",
]


def download(client: Client, path: str) -> str:
    response = client.get(f"/api/v1/{path}")
    assert isinstance(response, StreamingHttpResponse)
    assert response.status_code == 200
    return response.getvalue().decode()


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def make_two() -> tuple[Complaint, Complaint]:
    full = make_complaint(
        closed_after_hours=1.123456789,
        district=make_district(),
        descriptor='quote " back \\n \x02 é',
        due_at=NOON + timedelta(days=1),
        external_id="7",
        created_at=NOON + timedelta(hours=1),
        promised_median_hours=4.25,
        promised_p10_hours=0.1,
        promised_p90_hours=9.0,
        promised_by="nyc-1",
    )
    return full, make_complaint(latitude=None, longitude=None, agency=None)


def same(listed: Any, exported: Any) -> bool:
    """Equal, times by the instant and numbers by the value they name."""
    if isinstance(listed, bool):
        return exported in {listed, str(listed).lower()}
    if isinstance(listed, float):
        return listed == float(exported)
    if isinstance(listed, str) and listed[10:11] == "T":
        return datetime.fromisoformat(listed) == datetime.fromisoformat(exported)
    return bool(listed == exported)


def test_geojson_equals_the_list(client: Client) -> None:
    make_two()
    listed = client.get("/api/v1/complaints/").json()["results"]
    collection = json.loads(download(client, "complaints.geojson"))
    assert collection["type"] == "FeatureCollection"
    for row, feature in zip(listed, collection["features"], strict=True):
        assert feature["type"] == "Feature"
        assert feature["id"] == row["id"]
        properties = feature["properties"]
        assert list(properties) == list(row)
        assert all(same(row[name], properties[name]) for name in row), (row, properties)
    assert collection["features"][0]["geometry"] == {
        "type": "Point",
        "coordinates": [-73.85, 40.75],
    }
    assert collection["features"][1]["geometry"] is None


def test_csv_equals_the_list(client: Client) -> None:
    make_two()
    listed = client.get("/api/v1/complaints/").json()["results"]
    exported = table(download(client, "complaints.csv"))
    for row, cells in zip(listed, exported, strict=True):
        forecast = row.pop("forecast") or {}
        row |= {f"forecast_{name}": value for name, value in forecast.items()}
        for name, cell in cells.items():
            value = row.get(name)
            assert same("" if value is None else value, cell), name


def test_files_say_which_median_lies_past_what_models_speak_of(client: Client) -> None:
    for hours in (1440.0, 1439.9):
        make_complaint(promised_median_hours=hours, promised_p90_hours=1440.0)
    features = json.loads(download(client, "complaints.geojson"))["features"]
    promises = [feature["properties"]["forecast"] for feature in features]
    assert [promise["beyond_horizon"] for promise in promises] == [False, True]
    cells = [row["forecast_beyond_horizon"] for row in table(download(client, "complaints.csv"))]
    assert cells == ["false", "true"]


def test_cells_that_look_like_formulas_get_an_apostrophe(client: Client) -> None:
    for number, text in enumerate(FORMULAS + HARMLESS):
        make_complaint(descriptor=text, created_at=NOON + timedelta(seconds=number))
    cells = [
        row["descriptor"] for row in table(download(client, "complaints.csv?ordering=created_at"))
    ]
    assert cells == [f"'{text}" for text in FORMULAS] + HARMLESS


def test_csv_follows_rfc_4180(client: Client) -> None:
    make_complaint(descriptor='a "b",\nc')
    text = download(client, "complaints.csv")
    header, _, rest = text.partition("\r\n")
    assert header.split(",") == list(exports.CSV_FIELDS)
    assert ',"a ""b"",\nc",' in rest
    assert rest.endswith("\r\n")


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize(
    ("name", "media_type"),
    [("csv", "text/csv; charset=utf-8"), ("geojson", "application/geo+json")],
)
def test_both_paths_answer_whatever_is_accepted(
    client: Client, name: str, media_type: str, slash: str
) -> None:
    make_city()
    response = client.get(f"/api/v1/complaints.{name}{slash}", headers={"Accept": "image/png"})
    assert response.status_code == 200
    assert response["Content-Type"] == media_type
    assert b"".join(response.streaming_content)  # type: ignore[attr-defined]


def test_an_export_takes_the_filters_of_the_list(client: Client) -> None:
    make_complaint()
    closed = make_complaint(closed_after_hours=1, descriptor="50 % discount")
    query = "status=closed&near=40.75,-73.85&q=discount&created_after=2019-01-01"
    assert [row["id"] for row in table(download(client, f"complaints.csv?{query}"))] == [
        closed.public_id
    ]
    assert len(json.loads(download(client, f"complaints.geojson?{query}"))["features"]) == 1


@pytest.mark.parametrize("query", ["page_size=5", "cursor=x", "status=x", "q=%00"])
def test_an_export_refuses_what_it_does_not_know(client: Client, query: str) -> None:
    make_city()
    response = client.get(f"/api/v1/complaints.csv?{query}")
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"


def test_a_query_that_fails_at_once_is_an_error_answer(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_complaint()
    limit = "-c statement_timeout=50ms"
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "options", limit)
    endless = Func(Value(9.0), function="pg_sleep", output_field=TextField())
    monkeypatch.setattr(exports, "csv_rows", lambda rows: rows.values_list(endless))
    assert client.get("/api/v1/complaints.csv").status_code == 503


def test_every_row_comes_in_whatever_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHUNK_ROWS", 3)
    ids = [make_complaint().public_id for _ in range(10)]
    rows = Complaint.objects.order_by("pk")
    table_rows = table(b"".join(exports.csv_file(rows)).decode())
    assert [row["id"] for row in table_rows] == ids
    collection = json.loads(b"".join(exports.geojson_file(rows)))
    assert [feature["id"] for feature in collection["features"]] == ids


def sessions_in_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND state = 'idle in transaction'"
        )
        return int(cursor.fetchone()[0])


def test_a_client_that_leaves_frees_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHUNK_ROWS", 1)
    for _ in range(4):
        make_complaint()
    stream = exports.csv_file(Complaint.objects.order_by("pk"))
    next(stream)
    assert sessions_in_transaction() == 1
    stream.close()  # type: ignore[attr-defined]
    eventually(lambda: sessions_in_transaction() == 0)


def test_a_client_that_takes_nothing_loses_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CHUNK_ROWS", 1)
    monkeypatch.setattr(exports, "STALLED_AFTER_SECONDS", 0.1)
    for _ in range(4):
        make_complaint()
    stream = exports.csv_file(Complaint.objects.order_by("pk"))
    next(stream)
    eventually(lambda: sessions_in_transaction() == 0)
    with pytest.raises(DatabaseError):
        list(stream)


def test_a_stream_that_nobody_reads_may_be_closed_by_another_thread() -> None:
    make_complaint()
    with ThreadPoolExecutor(1) as pool:
        chunks = pool.submit(started).result()
    chunks.close()


def started() -> Generator[list[str], None, None]:
    chunks = exports._chunks(exports.csv_rows(Complaint.objects.order_by("pk")))
    next(chunks)
    return chunks
