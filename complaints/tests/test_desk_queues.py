"""The queues of the admin's list: what is in them, in which order, and what they cost."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from complaints.desk.lists import Paginator
from complaints.desk.queues import BY_NAME, BY_RISK, counts
from complaints.models import Complaint, ComplaintEvent
from complaints.rollups.folding import fold
from complaints.rollups.waiting import NO_AGENCY, waiting_by_agency
from complaints.tests.factories import make_agency, make_city, make_complaint, make_type
from smart311.accounts.tests.people import make_user

pytestmark = pytest.mark.django_db

LIST = "/admin/complaints/complaint/"
NOW = datetime(2026, 7, 8, 16, 0, tzinfo=UTC)
"""12:00 in New York."""


def promised(hours_ago: float, p90: float = 100.0, **fields: Any) -> Complaint:
    """Filed so many hours before NOW, with a promise."""
    promise = {"promised_p10_hours": p90 / 10, "promised_median_hours": p90 / 3}
    row = {"created_at": NOW - timedelta(hours=hours_ago), "promised_p90_hours": p90}
    return make_complaint(**{**row, **promise, **fields})


def queue(name: str, now: datetime = NOW) -> list[Complaint]:
    found = BY_NAME[name]
    return list(found.rows(Complaint.objects.all(), now).order_by(*found.order, "-pk"))


@pytest.fixture
def agent() -> Client:
    client = Client()
    client.force_login(make_user("ada", "agent"))
    make_agency().staff.add(User.objects.get(username="ada"))
    return client


def test_the_most_endangered_promise_comes_first() -> None:
    fresh, old = promised(1), promised(90)
    late, unpromised = promised(200), make_complaint(created_at=NOW - timedelta(hours=2))
    promised(10, status="closed", closed_at=NOW)
    rows = queue("open")
    assert rows == [old, fresh, unpromised, late]
    risks = [row.risk for row in rows]  # type: ignore[attr-defined]
    assert risks[0] > risks[1] > 0.09
    assert risks[2:] == [None, None]


def test_pages_by_risk_are_the_order_in_parts() -> None:
    for hours in (1, 20, 90, 200, 300):
        promised(hours)
    for hours in (2, 60, 150):
        make_complaint(created_at=NOW - timedelta(hours=hours))
    whole = queue("open")
    rows = BY_NAME["open"].rows(Complaint.objects.all(), NOW).order_by(*BY_RISK, "-pk")
    for size in (1, 2, 3, 4, 8, 10):
        pages = Paginator(rows, size)
        walked = [row for page in range(1, 9 // size + 2) for row in pages.page(page)]
        assert walked == whole


promises = st.tuples(
    st.floats(0, 300), st.lists(st.floats(0, 1500), min_size=3, max_size=3).map(sorted)
)


@given(
    st.lists(promises, min_size=1, max_size=4),
    st.lists(st.none() | st.floats(0, 900), min_size=4, max_size=4),
)
@settings(max_examples=25)
def test_who_is_likely_to_be_late_has_more_risk_than_half_and_is_found_by_that(
    filed: list[tuple[float, list[float]]], due: list[float | None]
) -> None:
    keys = {
        promised(
            hours_ago,
            p90,
            promised_p10_hours=p10,
            promised_median_hours=median,
            due_at=None if hours is None else NOW + timedelta(hours=hours - 100),
        ).pk
        for (hours_ago, (p10, median, p90)), hours in zip(filed, due, strict=False)
    }
    rows = Complaint.objects.filter(pk__in=keys).with_risk(NOW)
    likely, unlikely, rest = rows.in_parts_of_risk()
    assert all(row.risk > 0.5 - 1e-6 for row in likely)  # type: ignore[attr-defined]
    assert all(row.risk < 0.5 + 1e-6 for row in unlikely)  # type: ignore[attr-defined]
    assert all(row.risk is None for row in rest)  # type: ignore[attr-defined]
    assert sorted(row.pk for part in (likely, unlikely, rest) for row in part) == sorted(keys)


def test_those_at_risk_are_found_by_the_index_of_open_ones() -> None:
    likely, *_ = Complaint.objects.with_risk(NOW).open().in_parts_of_risk()
    with connection.cursor() as cursor:
        # A small table is read whole unless that is forbidden.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    found = likely.values("pk").explain()
    condition = found.partition("Index Cond: ")[2].partition("Filter")[0]
    assert "complaint_open_by_deadline" in found
    assert "complaints_likely_late_at" in condition


def test_at_filing_one_promise_in_ten_is_at_risk() -> None:
    assert promised(0) == queue("open")[0]
    assert queue("open")[0].risk == pytest.approx(0.1)  # type: ignore[attr-defined]


def test_the_citys_own_date_comes_before_the_forecasts() -> None:
    promised(1, due_at=NOW + timedelta(hours=3))
    (row,) = queue("due-today")
    assert row.deadline_at == NOW + timedelta(hours=3)  # type: ignore[attr-defined]
    assert row.risk > 0.8  # type: ignore[attr-defined]


def test_today_ends_at_the_citys_midnight() -> None:
    make_city()
    before, after = (promised(1, due_at=NOW + timedelta(hours=hours)) for hours in (11.9, 12.1))
    assert queue("due-today") == [before]
    assert after in queue("open")


def test_overdue_are_open_ones_past_their_deadline_the_longest_first() -> None:
    recent, long_ago = promised(101), promised(500)
    promised(500, closed_at=NOW, status="closed")
    promised(10)
    # A range that ends at the horizon has no end.
    promised(3000, p90=1440.0)
    assert queue("overdue") == [long_ago, recent]


def test_a_chance_too_small_for_a_number_is_no_error() -> None:
    promised(0, p90=0.001, due_at=NOW + timedelta(days=300))
    assert queue("open")[0].risk == pytest.approx(0)  # type: ignore[attr-defined]


def test_what_no_agency_works_is_unassigned() -> None:
    orphan = make_complaint(agency=None)
    make_complaint()
    assert queue("unassigned") == [orphan]


def test_a_younger_open_one_of_the_type_nearby_may_be_a_duplicate() -> None:
    first, second = promised(30), promised(3)
    promised(2, complaint_type=make_type("rodent"))
    promised(2, latitude=40.8)
    promised(24 * 20)
    assert queue("duplicates") == [second]
    second.link_to(first)
    assert queue("duplicates") == []


def test_stale_are_those_that_nothing_happened_to() -> None:
    old, remarked = make_complaint(), make_complaint()
    ComplaintEvent.objects.create(
        complaint=remarked, kind="commented", occurred_at=timezone.now(), text="Called."
    )
    later = timezone.now() + timedelta(days=20)
    assert {row.pk for row in queue("stale", later)} == {old.pk, remarked.pk}
    assert queue("stale", timezone.now() + timedelta(days=1)) == []


quantiles = st.lists(st.floats(0.01, 1440, allow_nan=False), min_size=3, max_size=3).map(sorted)


moments = st.lists(st.integers(0, 5000 * 3600), min_size=2, max_size=6).map(
    lambda seconds: sorted(second / 3600 for second in seconds)
)


@given(quantiles, moments)
def test_the_chance_to_wait_falls_from_one_through_the_promised_quantiles(
    promise: list[float], hours: list[float]
) -> None:
    def waits(hours: list[float]) -> list[float]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT exp(greatest(-complaints_hazard(t, %s, %s, %s), -700))"
                " FROM unnest(%s) AS t",
                [*promise, hours],
            )
            return [row[0] for row in cursor]

    curve = waits(hours)
    assert curve == sorted(curve, reverse=True)
    assert all(0 <= chance <= 1 for chance in curve)
    assert waits([0.0]) == [1.0]
    p10, median, p90 = promise
    if min(p10, median - p10, p90 - median) > 0.001:
        assert waits(promise) == pytest.approx([0.9, 0.5, 0.1])
    assert not any(map(math.isnan, curve))


def test_each_counts_what_it_shows(agent: Client) -> None:
    other = make_agency("DEP")
    for hours in (1, 90, 200, 500):
        promised(hours)
        promised(hours, agency=other)
    waiting = counts(User.objects.get(username="ada"), NOW)
    assert waiting["open"] == 4
    assert waiting["overdue"] == 2
    assert "unassigned" not in waiting


def test_open_and_unassigned_ones_are_counted_without_reading_them(
    agent: Client, django_assert_num_queries: Any
) -> None:
    manager, ada = make_user("mia", "manager"), User.objects.get(username="ada")
    folded, fresh, orphan = promised(1), promised(2), make_complaint(agency=None)
    make_complaint(agency=make_agency("DEP"))
    fold()
    promised(3).close(timezone.now())
    folded.close(timezone.now())
    assert (fresh.is_open, orphan.is_open) == (True, True)
    assert counts(ada, NOW)["open"] == 1
    assert counts(manager, NOW)["open"] == 3
    assert counts(manager, NOW)["unassigned"] == 1
    with django_assert_num_queries(1):
        assert waiting_by_agency()[NO_AGENCY] == 1
    assert BY_NAME["open"].in_words(1_234_567) == "1,234,567"


@pytest.mark.parametrize("column", ["6", "-6", "7", "-7"])
def test_what_has_no_value_in_a_clicked_column_comes_last(agent: Client, column: str) -> None:
    promised_one = promised(1)
    promised_one.due_at = timezone.now() + timedelta(hours=3)
    promised_one.save(update_fields=["due_at"])
    make_complaint()
    rows = agent.get(LIST, {"o": column, "queue": "open"}).context["cl"].result_list
    assert [row.deadline_at is None for row in rows] == [False, True]


def test_a_click_on_risk_is_the_order_of_the_queue(agent: Client) -> None:
    clicked = agent.get(LIST, {"o": "-7", "queue": "open"}).context["cl"]
    assert clicked.queryset.query.order_by[:2] == BY_RISK


def test_counting_what_words_find_stops_early(agent: Client) -> None:
    assert agent.get(LIST, {"q": "noise"}).context["cl"].paginator.counted_up_to == 1_000
    assert agent.get(LIST).context["cl"].paginator.counted_up_to == 10_000
    assert agent.get(LIST, {"queue": "duplicates"}).context["cl"].paginator.counted_up_to == 1_000


def test_counting_stops_somewhere() -> None:
    found = BY_NAME["duplicates"]
    assert [found.in_words(count) for count in (7, 1_000, 1_001)] == ["7", "1,000", "1,000+"]


def test_the_list_shows_a_queue_with_the_counts_of_all(agent: Client) -> None:
    late = make_complaint(due_at=timezone.now() - timedelta(days=2))
    closed = make_complaint(closed_after_hours=2)
    page = agent.get(LIST, {"queue": "overdue"}).content.decode()
    assert late.public_id in page
    assert closed.public_id not in page
    assert "2 d late" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert page.count("desk-count") == 5
    assert closed.public_id not in agent.get(LIST).content.decode()
    assert closed.public_id in agent.get(LIST, {"queue": "all"}).content.decode()
    # Counting stops somewhere: no title may tell that as the number of results.
    assert "Show all" not in page


def test_a_queue_that_is_not_theirs_or_does_not_exist_leads_to_the_list(agent: Client) -> None:
    for name in ("unassigned", "nonsense", "\0"):
        assert agent.get(LIST, {"queue": name}).headers["Location"] == f"{LIST}?e=1"


def test_the_beginning_of_an_id_or_words_find_open_and_closed_ones(agent: Client) -> None:
    closed = make_complaint(closed_after_hours=2, external_id="X-4711", descriptor="Banging pipes")
    others = make_complaint(descriptor="Banging", agency=make_agency("DEP"))
    for typed in (closed.public_id[:8], "X-47", "banging", "residential pipe"):
        page = agent.get(LIST, {"q": typed}).content.decode()
        assert closed.public_id in page, typed
        assert others.public_id not in page
    nothing = agent.get(LIST, {"q": "zebra"}).content.decode()
    assert closed.public_id not in nothing
    assert "Nothing was found." in nothing
    assert "Create a new item" not in nothing


def test_a_page_costs_as_many_queries_however_many_complaints_there_are(
    agent: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(60):
        make_complaint()
    with django_assert_max_num_queries(25) as few:
        first = agent.get(LIST)
    assert "Next" in first.content.decode()
    # Two more: where those likely to be late end, and all at risk.
    with django_assert_max_num_queries(len(few) + 2):
        second = agent.get(f"{LIST}?p=2&queue=open")
    assert second.context["cl"].result_list[-1] not in first.context["cl"].result_list
    assert len(second.context["cl"].result_list) == 25
    assert not [
        query
        for query in few.captured_queries
        if "COUNT(*)" in query["sql"] and "LIMIT" not in query["sql"]
    ]


@pytest.mark.parametrize("number", ["0", "-3", "1001", "99999999999999999999"])
def test_a_page_far_away_leads_to_the_first(agent: Client, number: str) -> None:
    for _ in range(51):
        make_complaint()
    assert agent.get(LIST, {"p": number}).status_code == 302
