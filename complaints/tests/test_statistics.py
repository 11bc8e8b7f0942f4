"""`/api/v1/statistics/`: what clients ask, and what they are told."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import h3
import pytest
from django.db import connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from complaints.rollups.folding import fold
from complaints.statistics import queries, sources
from complaints.tests.factories import (
    NOON,
    make_agency,
    make_city,
    make_complaint,
    make_district,
    make_type,
)

pytestmark = pytest.mark.django_db
PATH = "/api/v1/statistics"
CELL = h3.latlng_to_cell(40.75, -73.85, 8)
"""Where the complaints of tests are, 900 m across."""


@pytest.fixture(autouse=True)
def _city() -> None:
    make_city()


def ask(client: Client, query: str = "") -> Any:
    response = client.get(f"{PATH}/?{query}")
    assert response.status_code == 200, response.content
    return response.json()


def refused(client: Client, query: str, path: str = f"{PATH}/") -> dict[str, str]:
    response = client.get(f"{path}?{query}")
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    error: dict[str, str] = response.json()["errors"][0]
    return error


def make_week() -> None:
    """Five closed after 1 to 5 hours, one at once, two open; two agencies, two districts."""
    board = make_district(parent=make_district("queens", name="Queens", kind="borough"))
    for hours in (1, 2, 3, 4, 5):
        make_complaint(closed_after_hours=hours, district=board, channel="phone")
    make_complaint(closed_after_hours=0, agency=make_agency("HPD"))
    make_complaint(agency=make_agency("HPD"), created_at=NOON + timedelta(days=1))
    make_complaint(agency=None, latitude=None, longitude=None)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("is_folded", [False, True])
def test_it_counts_and_measures(client: Client, slash: str, is_folded: bool) -> None:
    make_week()
    if is_folded:
        fold()
    answer = client.get(PATH + slash).json()
    total = answer.pop("total")
    assert answer == {
        "source": "rollups",
        "rollup": "month_agency_channel",
        "group_by": [],
        "counted_by": "filing",
        "time_zone": "America/New_York",
        "largest_error": 0.0244,
        "minimum": 5,
        "excluded": {"instant_closings": 1, "groups_without_hours": 0},
        "groups": [],
    }
    hours = total.pop("hours_to_close")
    assert total == {"complaints": 8, "open": 2, "closed": 6, "instant_closings": 1}
    assert hours["mean"] == 3.0
    assert hours["median"] == pytest.approx(3, rel=0.0244)
    assert hours["p90"] == pytest.approx(4.6, rel=0.0244)


def test_groups_of_few_closings_keep_their_hours_to_themselves(client: Client) -> None:
    make_week()
    answer = ask(client, "group_by=agency")
    assert [row["agency"] for row in answer["groups"]] == ["NYPD", "HPD", None]
    assert [row["hours_to_close"] is None for row in answer["groups"]] == [False, True, True]
    assert answer["excluded"]["groups_without_hours"] == 2
    assert ask(client, "minimum=6")["total"]["hours_to_close"] is None


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        ("complaint_type", {"noise-residential": 8}),
        ("district", {"queens-07": 5, None: 3}),
        ("channel", {"phone": 5, "": 3}),
        ("day", {"2019-07-10": 7, "2019-07-11": 1}),
        ("week", {"2019-07-08": 8}),
        ("month", {"2019-07-01": 8}),
        ("weekday", {3: 7, 4: 1}),
        ("hour", {12: 8}),
        ("closed_day", {"2019-07-10": 6}),
        ("closed_week", {"2019-07-08": 6}),
        ("closed_month", {"2019-07-01": 6}),
        ("cell", {CELL: 7, None: 1}),
    ],
)
@pytest.mark.parametrize("source", ["rollups", "rows"])
def test_it_groups_by(client: Client, group_by: str, expected: dict[Any, int], source: str) -> None:
    make_week()
    # The Earth as a box leaves nothing out but what has no place, and no roll-up knows boxes.
    query = "" if source == "rollups" else "updated_since=2001-01-01&"
    answer = ask(client, f"{query}group_by={group_by}")
    assert answer["source"] == source
    assert {row[group_by]: row["complaints"] for row in answer["groups"]} == expected
    assert answer["total"]["complaints"] == sum(expected.values())


def test_times_come_in_their_order_and_the_rest_by_size(client: Client) -> None:
    make_week()
    rows = ask(client, "group_by=agency,day")["groups"]
    assert [(row["day"], row["agency"], row["complaints"]) for row in rows] == [
        ("2019-07-10", "NYPD", 5),
        ("2019-07-10", None, 1),
        ("2019-07-10", "HPD", 1),
        ("2019-07-11", "HPD", 1),
    ]


def test_a_borough_includes_its_boards(client: Client) -> None:
    make_week()
    assert ask(client, "district=queens")["total"]["complaints"] == 5


def test_days_of_a_clock_change_are_the_citys(client: Client) -> None:
    for hour in (4, 5, 27, 28):  # 23:00, midnight, 23:00 and midnight around a day of 23 hours
        make_complaint(created_at=datetime(2019, 3, 10, tzinfo=UTC) + timedelta(hours=hour))
    answer = ask(client, "created_after=2019-03-10&created_before=2019-03-11&group_by=day")
    assert answer["source"] == "rollups"
    assert [(row["day"], row["complaints"]) for row in answer["groups"]] == [("2019-03-10", 2)]


def test_open_complaints_make_the_expected_time_longer(client: Client) -> None:
    for hours in (1, 2, 3):
        make_complaint(closed_after_hours=hours)
        make_complaint(observed_at=NOON + timedelta(hours=100))
    total = ask(client, "figures=hours,survival&minimum=1")["total"]
    assert total["hours_to_close"]["median"] == pytest.approx(2, rel=0.0244)
    assert total["survival"]["median"] == pytest.approx(3, rel=0.0244)
    assert total["survival"]["p90"] is None
    assert total["survival"]["still_open"] == 3


@pytest.mark.parametrize(
    "query", ["status=closed", "closed_after=2019-07-01", "group_by=closed_day"]
)
def test_survival_of_only_closed_ones_is_refused(client: Client, query: str) -> None:
    assert refused(client, f"figures=survival&{query}")["pointer"] == "/figures"


def test_promises_are_kept_broken_or_undecided(client: Client) -> None:
    promise = {"promised_median_hours": 2.0, "promised_p90_hours": 10.0}
    make_complaint(closed_after_hours=1, due_at=NOON + timedelta(hours=1), **promise)
    make_complaint(closed_after_hours=5, due_at=NOON + timedelta(hours=1), **promise)
    make_complaint(closed_after_hours=0, **promise)
    make_complaint(observed_at=NOON + timedelta(hours=3), **promise)
    slow = make_type("slow", promised_hours=4)
    make_complaint(complaint_type=slow, observed_at=NOON + timedelta(hours=5))
    answer = ask(client, "figures=on_time&minimum=2")
    assert answer["source"] == "rows"
    assert answer["total"]["on_time"] == {
        "median": {"kept": 1, "broken": 2, "undecided": 0, "share": 0.3333},
        "p90": {"kept": 2, "broken": 0, "undecided": 1, "share": 1.0},
        "due": {"kept": 1, "broken": 2, "undecided": 0, "share": 0.3333},
    }
    assert "hours_to_close" not in answer["total"]
    few = ask(client, "figures=on_time&minimum=4")["total"]["on_time"]["p90"]
    assert few["share"] is None


def test_nothing_is_a_zero_and_not_an_error(client: Client) -> None:
    for figures in ("counts", "hours,survival", "hours,on_time,survival"):
        answer = ask(client, f"figures={figures}&group_by=agency")
        assert (answer["total"]["complaints"], answer["groups"]) == (0, [])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("group_by=colour", "/group_by"),
        ("group_by=", "/group_by"),
        ("group_by=day,day", "/group_by"),
        ("group_by=day,hour,agency,cell", "/group_by"),
        ("group_by=day,closed_day", "/group_by"),
        ("figures=guesses", "/figures"),
        ("minimum=0", "/minimum"),
        ("minimum=1e3", "/minimum"),
        ("cell_resolution=10", "/cell_resolution"),
        ("district=atlantis", "/district"),
        ("page_size=3", "/page_size"),
        ("created_after=yesterday", "/created_after"),
    ],
)
def test_it_refuses(client: Client, query: str, pointer: str) -> None:
    assert refused(client, query)["pointer"] == pointer


def test_too_many_rows_or_groups_are_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_week()
    monkeypatch.setattr(sources, "MOST_ROWS", 3)
    monkeypatch.setattr(queries, "MOST_ROWS", 3)
    monkeypatch.setattr(queries, "MOST_GROUPS", 2)
    assert "more than 3 complaints" in refused(client, "figures=on_time")["detail"]
    assert "more than 2 groups" in refused(client, "group_by=agency")["detail"]
    assert ask(client, "group_by=day")["total"]["complaints"] == 8


def test_what_takes_too_long_is_refused_and_no_outage(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "statement", lambda *_: "SELECT 0, 1 FROM pg_sleep(60)")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '200ms'")
    assert "took longer" in refused(client, "group_by=cell")["detail"]


def test_an_unchanged_answer_is_a_304(client: Client) -> None:
    make_week()
    first = client.get(f"{PATH}/?group_by=day")
    again = client.get(f"{PATH}/?group_by=day", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    make_complaint()
    changed = client.get(f"{PATH}/?group_by=day", HTTP_IF_NONE_MATCH=first["ETag"])
    assert changed.status_code == 200


def test_it_takes_one_query_for_the_figures(
    client: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_week()
    settings.FORECAST_REFRESH_SECONDS = 60
    monkeypatch.setattr("smart311.memory._renew_in_background", lambda: None)
    ask(client)  # city, types and districts stay in memory
    for query, count in (("", 1), ("group_by=complaint_type,day", 1), ("group_by=agency", 2)):
        with django_assert_num_queries(count):
            ask(client, query)


def table(client: Client, query: str) -> list[list[str]]:
    response = client.get(f"{PATH}.csv?{query}", HTTP_ACCEPT="text/csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response.content.count(b"\r\n") == response.content.count(b"\n")
    return list(csv.reader(io.StringIO(response.content.decode())))


def test_the_groups_come_as_csv(client: Client) -> None:
    make_week()
    header, first, *others = table(client, "group_by=agency")
    assert header == [
        *("agency", "complaints", "open", "closed", "instant_closings"),
        *("hours_to_close_mean", "hours_to_close_median", "hours_to_close_p90"),
    ]
    assert first[:6] == ["NYPD", "5", "0", "5", "0", "3.0"]
    assert [row[0] for row in others] == ["HPD", ""]
    assert others[0][5:] == ["", "", ""]


def test_without_groups_the_table_has_the_total(client: Client) -> None:
    make_week()
    header, row = table(client, "figures=on_time,survival&minimum=100")
    assert header[4:8] == ["survival_median", "survival_p90", "survival_still_open", header[7]]
    assert len(row) == len(header) == 4 + 3 + 3 * 4


def test_no_cell_of_the_table_is_a_formula(client: Client) -> None:
    make_complaint(channel="=1+1")
    assert table(client, "group_by=channel")[1][0] == "'=1+1"


def compare(client: Client, query: str) -> Any:
    response = client.get(f"{PATH}/compare/?{query}")
    assert response.status_code == 200, response.content
    return response.json()


def test_two_areas_are_compared(client: Client) -> None:
    make_week()
    for hours in (2, 4, 6, 8, 10):
        make_complaint(
            closed_after_hours=hours, district=make_district("bronx-01", name="01 BRONX")
        )
    answer = compare(client, "areas=district:queens,district:bronx-01&group_by=day")
    assert [area["area"] for area in answer["areas"]] == ["district:queens", "district:bronx-01"]
    assert [area["total"]["complaints"] for area in answer["areas"]] == [5, 5]
    assert answer["areas"][0]["groups"][0]["day"] == "2019-07-10"
    assert answer["difference"]["complaints_ratio"] == 1.0
    assert answer["difference"]["mean_ratio"] == 0.5
    assert answer["difference"]["median_ratio"] == pytest.approx(0.5, rel=0.05)
    assert answer["difference"]["is_median_beyond_error"] is True


def test_an_area_is_compared_with_the_city(client: Client) -> None:
    make_week()
    answer = compare(client, f"areas=cell:{CELL},city")
    assert [area["total"]["complaints"] for area in answer["areas"]] == [7, 8]
    assert answer["difference"]["is_median_beyond_error"] is False


def test_a_comparison_with_nothing_has_no_ratio(client: Client) -> None:
    make_district("bronx-01", name="01 BRONX")
    difference = compare(client, "areas=district:bronx-01,city")["difference"]
    assert difference["complaints_ratio"] is None
    assert difference["median_ratio"] is None


@pytest.mark.parametrize(
    "query",
    [
        "",
        "areas=city",
        "areas=city,city",
        "areas=district:queens,agency:NYPD",
        "areas=district:atlantis,city",
        "areas=cell:zzz,city",
        "areas=city,district:",
        "areas=city,cell:882a1001d7fffff&cell=882a1001d7fffff",
    ],
)
def test_it_compares_two_areas_and_nothing_else(client: Client, query: str) -> None:
    assert refused(client, query, f"{PATH}/compare/")["pointer"] == "/areas"


@pytest.mark.parametrize("path", [f"{PATH}/", f"{PATH}.csv", f"{PATH}/compare/"])
def test_statistics_are_only_read(client: Client, path: str) -> None:
    assert client.post(path, {}).status_code in {403, 405}
