"""The filter of the pages: what the URL says, and that every number comes from it."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from complaints.models import City, Complaint
from complaints.rollups.folding import fold
from complaints.tests.factories import (
    NOON,
    make_agency,
    make_city,
    make_complaint,
    make_district,
    make_type,
)
from dashboard.overview import read_overview
from dashboard.places import read_places
from dashboard.selection import RANGES, Selection, read_selection
from dashboard.standing import Standing

ZONES = ["America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Pacific/Apia", "UTC"]
moments = st.integers(-4_000_000, 4_000_000).map(lambda minutes: NOON + timedelta(minutes=minutes))


def choose(query: str = "", as_of: datetime = NOON, city: City | None = None) -> Selection:
    return read_selection(QueryDict(query), city or make_city(), as_of)


@given(moments, st.sampled_from(ZONES), st.sampled_from(["7d", "30d", "90d", "1y"]))
def test_a_quick_range_is_whole_days_that_end_with_the_day_of_the_data(
    as_of: datetime, zone: str, name: str
) -> None:
    city = City(slug="x", time_zone=zone)
    chosen = choose(f"range={name}", as_of, city)
    first, last = chosen.days
    assert first is not None
    assert last == (as_of - timedelta(microseconds=1)).astimezone(city.zone).date()
    assert (last - first).days + 1 == RANGES[name]
    assert chosen.before is not None
    assert chosen.before.end_at == chosen.start_at
    assert chosen.before.days[0] == first - (last - first) - timedelta(days=1)
    assert 0 < chosen.elapsed_share <= 1


def test_the_last_24_hours_hold_the_moment_itself_and_not_the_one_a_day_before() -> None:
    chosen = choose_plain("range=24h")
    assert chosen.start_at is not None
    assert chosen.end_at is not None
    assert chosen.start_at > NOON - timedelta(days=1)
    assert chosen.end_at > NOON
    assert chosen.end_at - chosen.start_at == timedelta(days=1)


PLAIN = City(slug="x", time_zone="America/New_York")


def choose_plain(query: str) -> Selection:
    return choose(query, city=PLAIN)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("range=century", "range: got 'century'"),
        ("from=yesterday", "from: got 'yesterday'"),
        ("to=0001-01-01", "to: got '0001-01-01'"),
    ],
)
def test_what_cannot_be_read_is_left_out_and_named(query: str, named: str) -> None:
    chosen = choose_plain(query)
    assert chosen.range == "30d"
    assert named in chosen.problems[0]


def test_days_in_the_wrong_order_are_turned_round() -> None:
    chosen = choose_plain("from=2019-07-05&to=2019-07-01")
    assert [str(day) for day in chosen.days] == ["2019-07-01", "2019-07-05"]


def test_the_query_it_writes_says_the_same() -> None:
    for query in ("", "range=7d", "range=all", "from=2019-07-01&to=2019-07-05", "from=2019-07-01"):
        chosen = choose_plain(query)
        assert choose_plain(chosen.query()) == chosen
    assert choose_plain("range=7d").query(range="30d") == "range=30d"
    assert choose_plain("range=7d").query(**{"from": "2019-07-01"}) == "from=2019-07-01"


@pytest.mark.django_db
def test_unknown_codes_are_named_and_the_rest_still_counts() -> None:
    make_complaint()
    chosen = choose("complaint_type=unheard&agency=NYPD&status=lost")
    assert chosen.chosen == {"agency": ("NYPD",)}
    assert len(chosen.problems) == 2


def fill() -> None:
    """Complaints of every kind over five weeks, some without a place."""
    queens = make_district("queens", name="Queens", kind="borough")
    board = make_district("queens-07", parent=queens)
    kinds = [make_type(), make_type("rodent", agency=make_agency("DOHMH"))]
    for number in range(60):
        place = {} if number % 5 else {"latitude": None, "longitude": None}
        make_complaint(
            complaint_type=kinds[number % 2],
            created_at=NOON - timedelta(hours=14 * number),
            closed_after_hours=None if number % 3 == 0 else number * 1.5,
            district=board if number % 4 else None,
            channel=("phone", "online")[number % 2],
            promised_median_hours=4.0,
            promised_p10_hours=1.0,
            promised_p90_hours=9.0,
            promised_by="small-1",
            **place,
        )
        if number == 40:
            fold()


def reached(now: datetime) -> datetime:
    """Up to when the data reaches."""
    standing = Standing.find("nyc", now)
    assert standing
    assert standing.as_of
    return standing.as_of


QUERIES = [
    "",
    "range=24h",
    "range=7d",
    "range=90d",
    "range=1y",
    "range=all",
    "from=2019-07-01&to=2019-07-05",
    "complaint_type=rodent",
    "complaint_type=rodent&complaint_type=noise-residential&range=all",
    "agency=DOHMH&range=7d",
    "district=queens",
    "channel=phone",
    "status=open,in_progress",
    "status=closed&complaint_type=rodent",
    "complaint_type=rodent&district=queens&channel=online&status=closed&range=all",
    "range=7d&agency=NYPD&from=2019-07-02",
]


# Files are read through a connection of their own, which sees only what is committed.
@pytest.mark.django_db(transaction=True)
def test_key_figures_charts_map_table_and_files_count_the_same(client: Client) -> None:
    fill()
    now = timezone.now()
    counts = set()
    for query in QUERIES:
        chosen = choose(query, as_of=reached(now))
        exact = chosen.filed.rows().count()
        counts.add(exact)
        found = read_overview(chosen, now)
        assert found.now.filed == exact, query
        assert sum(bucket.filed for bucket in found.buckets) == exact, query
        assert sum(bucket.closed for bucket in found.buckets) == found.now.closed, query
        assert found.now.closed == chosen.closed.rows().exclude(closed_at=None).count(), query
        assert sum(kind.filed for kind in found.types) == exact, query
        assert sum(agency.filed for agency in found.agencies) == exact, query
        assert found.open == chosen.waiting.rows().count(), query
        places = read_places(chosen, now)
        assert places.total == exact, query
        assert places.unplaced + sum(place.complaints for place in places.cells) == exact, query
        assert _files(client, chosen.query()) == (exact, exact), query
    # Or nothing was compared.
    assert len(counts) > 6


def _files(client: Client, query: str) -> tuple[int, int]:
    """How many complaints the files hold that the page links to."""
    page = unescape(client.get(f"/dashboard/?{query}").content.decode())
    addresses = [
        re.search(rf'href="(/api/v1/complaints\.{kind}\?[^"]*)"', page)
        for kind in ("csv", "geojson")
    ]
    texts = [
        b"".join(client.get(address[1])).decode()  # type: ignore[index]
        for address in addresses
    ]
    features: dict[str, Any] = json.loads(texts[1])
    return len(list(csv.DictReader(io.StringIO(texts[0])))), len(features["features"])


@pytest.mark.django_db
def test_the_backlog_is_what_was_open_at_each_days_end() -> None:
    fill()
    now = timezone.now()
    found = read_overview(choose("range=30d", as_of=reached(now)), now)
    zone = make_city().zone
    for bucket in found.buckets[:-1]:
        end = datetime.combine(bucket.start, datetime.min.time(), zone) + timedelta(days=1)
        filed = Complaint.objects.filter(created_at__lt=end.astimezone(UTC))
        assert bucket.open == filed.exclude(closed_at__lt=end.astimezone(UTC)).count()


@pytest.mark.django_db(transaction=True)
def test_every_page_of_the_table_together_holds_what_the_file_holds(client: Client) -> None:
    fill()
    for shown in ("filed", "closed", "open", "late", "missed"):
        query: str | None = f"range=all&rows={shown}"
        seen: list[str] = []
        while query is not None:
            page = unescape(client.get(f"/dashboard/?{query}").content.decode())
            seen += re.findall(r'href="/dashboard/complaints/(\w+)"', page)
            link = re.search(r'href="\?([^"#]*)#rows" rel="next"', page)
            query = link[1] if link else None
        address = re.search(r'href="(/api/v1/complaints\.csv\?[^"]*)"', page)
        assert address
        body = b"".join(client.get(address[1])).decode()
        assert seen
        assert sorted(seen) == sorted(row["id"] for row in csv.DictReader(io.StringIO(body))), shown
