"""Pages of complaints, their exact rendering, and their ETags."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from rest_framework.renderers import JSONRenderer

from complaints.codes import codes
from complaints.filters import ComplaintFilter
from complaints.models import Complaint, ComplaintType
from complaints.paging import ORDERINGS, Cursor, PageRequest
from complaints.rendering import PublicComplaint
from complaints.serializers import ComplaintSerializer
from complaints.tests.factories import (
    NOON,
    make_agency,
    make_complaint,
    make_district,
    make_type,
)

PATH = "/api/v1/complaints/"
PROMISE = {
    "promised_median_hours": 4.25,
    "promised_p10_hours": 1e-7,
    "promised_p90_hours": 1234567.125,
    "promised_by": "nyc-1",
}


def make_closed(minute: int) -> Complaint:
    """Closed and created at one of few moments, so that many rows tie."""
    return make_complaint(created_at=NOON + timedelta(minutes=minute), closed_after_hours=1)


def walk(client: Client, address: str | None, direction: str = "next") -> list[dict[str, Any]]:
    pages = []
    while address:
        pages.append(client.get(address).json())
        address = pages[-1][direction]
    return pages


class PageWalks(TestCase):
    """The law of pages: each row that was there comes once and in order, whatever arrives."""

    @settings(max_examples=25, deadline=None)
    @given(
        minutes=st.lists(st.integers(0, 3), max_size=9),
        arriving=st.lists(st.integers(-1, 4), max_size=9),
        size=st.integers(1, 5),
        ordering=st.sampled_from(ORDERINGS),
    )
    def test_each_row_comes_once(
        self, minutes: list[int], arriving: list[int], size: int, ordering: str
    ) -> None:
        client = Client()
        made = [make_closed(minute) for minute in minutes]
        late = iter(arriving)
        seen: list[str] = []
        address = f"{PATH}?ordering={ordering}&page_size={size}"
        while address:
            page = client.get(address).json()
            seen += [row["id"] for row in page["results"]]
            address = page["next"]
            if (minute := next(late, None)) is not None:
                make_closed(minute)
        assert len(seen) == len(set(seen))
        sign = -1 if ordering.startswith("-") else 1
        name = ordering.lstrip("-")
        made.sort(key=lambda row: (getattr(row, name), row.pk), reverse=sign < 0)
        old = {row.public_id for row in made}
        assert [row for row in seen if row in old] == [row.public_id for row in made]


@pytest.mark.django_db
def test_previous_leads_back_over_the_same_rows(client: Client) -> None:
    for minute in (0, 0, 0, 1, 1, 2, 2):
        make_closed(minute)
    forward = walk(client, f"{PATH}?page_size=3")
    assert [len(page["results"]) for page in forward] == [3, 3, 1]
    back = walk(client, forward[-1]["previous"], "previous")
    assert [page["results"] for page in back] == [forward[1]["results"], forward[0]["results"]]
    assert forward[0]["previous"] is None
    assert back[0]["next"] is not None


@pytest.mark.django_db
def test_a_page_amid_rows_of_one_moment_reads_its_own_rows_only() -> None:
    """An import gives all its rows one `updated_at`; whoever syncs reads them page by page."""
    for minute in range(60):
        make_closed(minute)
    Complaint.objects.update(updated_at=NOON)
    middle = Complaint.objects.order_by("pk")[40].pk
    request = PageRequest("updated_at", 10, Cursor("updated_at", NOON, middle, False))
    with CaptureQueriesContext(connection) as context:
        request.cut(ComplaintFilter("nyc").rows(), ("pk",))
    with connection.cursor() as cursor:
        for way in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute(f"EXPLAIN (ANALYZE) {context[-1]['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "complaint_by_updated" in plan
    assert "Rows Removed" not in plan


@pytest.mark.django_db
def test_codes_that_are_new_or_have_changed_are_told(client: Client, settings: Any) -> None:
    """The law of what is in memory: what is missing is read at once, the rest in a moment."""
    settings.FORECAST_REFRESH_SECONDS = 3600
    make_complaint()
    codes.state()
    make_complaint(complaint_type=make_type("new"), agency=make_agency("NEW"))
    row = client.get(PATH).json()["results"][0]
    assert (row["complaint_type"], row["agency"]) == ("new", "NEW")
    ComplaintType.objects.filter(code="new").update(code="newer")
    codes.renew()
    detail = client.get(f"{PATH}{row['id']}/").json()
    assert detail["complaint_type"] == "newer"


@pytest.mark.django_db
def test_by_closing_time_only_closed_ones_are_listed(client: Client) -> None:
    make_complaint()
    closed = make_complaint(closed_after_hours=1)
    rows = client.get(f"{PATH}?ordering=-closed_at").json()["results"]
    assert [row["id"] for row in rows] == [closed.public_id]


@pytest.mark.django_db
def test_the_address_of_the_next_page_keeps_the_filter(client: Client) -> None:
    for minute in range(3):
        make_closed(minute)
        make_complaint()
    pages = walk(client, f"{PATH}?status=closed&page_size=1")
    assert [row["status"] for page in pages for row in page["results"]] == ["closed"] * 3


@pytest.mark.django_db
def test_a_cursor_of_another_ordering_is_refused(client: Client) -> None:
    cursor = Cursor("created_at", NOON, 1, False).encoded()
    response = client.get(f"{PATH}?cursor={cursor}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/cursor"


@pytest.mark.django_db
def test_a_row_is_rendered_as_the_serializer_documents_it(client: Client) -> None:
    plain = make_complaint(latitude=None, longitude=None, agency=None)
    full = make_complaint(
        closed_after_hours=1.123456789,
        district=make_district(),
        descriptor='quote " slash / back \\ é \u2028 \x01',
        address="1 Main",
        zip="10001",
        channel="phone",
        source="nyc",
        external_id="7",
        resolution="done",
        due_at=NOON + timedelta(microseconds=500),
        longitude=-73.000000000000014,
        **PROMISE,
    )
    fast = {row["id"]: row for row in client.get(PATH).json()["results"]}
    for row in (plain, full):
        documented = json.loads(JSONRenderer().render(ComplaintSerializer(row).data))
        assert fast[row.public_id] == documented
        assert list(fast[row.public_id]) == list(documented)
    assert full.latitude is not None
    assert fast[plain.public_id]["forecast"] is None


def test_the_fast_rendering_has_all_fields_of_the_serializer() -> None:
    assert PublicComplaint.__struct_fields__ == tuple(ComplaintSerializer().fields)


@pytest.mark.django_db
@pytest.mark.parametrize("is_detail", [False, True])
def test_an_unchanged_answer_is_a_304(client: Client, is_detail: bool) -> None:
    row = make_complaint()
    path = f"{PATH}{row.public_id}/" if is_detail else PATH
    first = client.get(path)
    assert first.status_code == 200
    again = client.get(path, headers={"If-None-Match": f'W/"other", {first["ETag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
    row.close(NOON + timedelta(hours=1))
    changed = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert changed.status_code == 200
    assert changed["ETag"] != first["ETag"]
