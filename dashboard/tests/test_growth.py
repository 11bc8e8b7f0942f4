"""Ten times the complaints, the same work: what pages read does not grow with the table.

Counted is not time but what PostgreSQL fetched from the tables of complaints, with as many a day
over ten times as many days. `make growth` does the same with 500,000 complaints.
"""

import os
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils import timezone

from complaints.desk import lists
from complaints.models import City, Complaint
from complaints.models.complaint import cell_of
from complaints.rollups.checking import check
from complaints.rollups.folding import fold
from complaints.tests.factories import make_agency, make_city, make_district, make_type
from predictions.tests.small_model import activate_small_model

MOST = int(os.environ.get("GROWTH_ROWS", "20000"))
LEAST = MOST // 10
DAYS = 60
"""How many the smaller table holds."""
TABLES = ["complaints_complaint", "complaints_complaintevent"]
TOLERANCE = 1.5
SLACK = 300
"""Rows: the newest hundred of a third of all are found among 300, or by an index of theirs."""

API = "/api/v1/complaints/"
STATISTICS = "/api/v1/statistics/"
FILL = """
INSERT INTO complaints_complaint (
    public_id, city_id, complaint_type_id, agency_id, district_id, descriptor, location_type,
    description, status, created_at, closed_at, latitude, longitude, cell, address, zip, channel,
    source, external_id, resolution, promised_by)
SELECT
    left(md5(n::text), 20), %(city)s, (%(types)s)[n %% 7 + 1], (%(agencies)s)[n %% 3 + 1],
    (%(districts)s)[n %% 5 + 1], 'Word' || n %% 20, '', '',
    CASE WHEN closes_at < %(now)s THEN 'closed' ELSE 'open' END, filed_at,
    CASE WHEN closes_at < %(now)s THEN closes_at END,
    (%(latitudes)s)[n %% 400 + 1], -73.9, (%(cells)s)[n %% 400 + 1], n %% 400 || ' SAMPLE STREET',
    '11201', (ARRAY['phone', 'online'])[n %% 2 + 1], 'growth', n::text, 'Done', ''
FROM generate_series(%(first)s, %(last)s) AS n
CROSS JOIN LATERAL (SELECT %(now)s - make_interval(secs => n * %(seconds)s) AS filed_at) AS filed
CROSS JOIN LATERAL (SELECT filed_at + n %% 97 * interval '30 minutes' AS closes_at) AS closes
"""


class Town:
    """A city whose complaints reach further and further back."""

    def __init__(self) -> None:
        self.now = timezone.now()
        self.city: City = make_city()
        self.types = [make_type(f"type-{number}") for number in range(7)]
        self.agencies = [make_agency(f"A{number}") for number in range(3)]
        self.districts = [make_district(f"district-{number}") for number in range(5)]

    def fill(self, first: int, last: int) -> None:
        """Complaints by number, the youngest first; with what upkeep there is."""
        latitudes = [40.5 + number / 1000 for number in range(400)]
        with connection.cursor() as cursor:
            cursor.execute(
                FILL,
                {
                    "city": self.city.pk,
                    "types": [kind.pk for kind in self.types],
                    "agencies": [agency.pk for agency in self.agencies],
                    "districts": [district.pk for district in self.districts],
                    "latitudes": latitudes,
                    "cells": [cell_of(latitude, -73.9) for latitude in latitudes],
                    "now": self.now,
                    "seconds": DAYS * 86_400 / LEAST,
                    "first": first,
                    "last": last,
                },
            )
            fold()
            cursor.execute("ANALYZE")

    def paths(self) -> Iterator[str]:
        """What is asked for.

        Exports are left out, which read what they send.
        """
        day, month = ((self.now - timedelta(days=days)).date() for days in (2, 30))
        one = Complaint.objects.get(external_id="50")
        yield from ("/dashboard/", "/healthz", "/readyz", "/metrics")
        yield from (f"{API}?{query}" for query in (
            "", "status=open", "complaint_type=type-1", "agency=A1", "district=district-2",
            "channel=phone", "ordering=created_at", "ordering=updated_at", "ordering=-closed_at",
            f"created_after={day}", f"closed_after={day}", f"updated_since={day}", "q=sample",
            "predicted_late=true", "bbox=-74,40.6,-73.8,40.7", "near=40.7,-73.9&radius=9000",
            "page_size=500&created_before=" + str(month),
        ))  # fmt: skip
        yield from (f"{API}{one.public_id}/{part}" for part in ("", "events/", "similar/"))
        window = f"created_after={month}&created_before={day}"
        yield STATISTICS
        yield from (f"{STATISTICS}?{window}&group_by={group}" for group in (
            "complaint_type", "agency,district", "day", "cell", "week,complaint_type",
        ))  # fmt: skip
        yield f"{STATISTICS}?group_by=complaint_type,month&figures=survival"
        yield f"{STATISTICS}?status=open,in_progress&group_by=agency"
        yield f"{STATISTICS}?created_after={day}&figures=on_time,hours"
        yield f"{STATISTICS}compare/?areas=district:district-1,city&{window}"
        yield from ("/complaints/time/type-1", "/complaints/type-1?hour=12")
        admin = "/admin/complaints/complaint/"
        yield from ("/admin/", admin, f"{admin}?queue=all", f"{admin}{one.pk}/change/")
        yield f"{admin}?q={one.public_id[:8]}"


def rows_read() -> int:
    """What this transaction has fetched so far."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::int "
            "FROM pg_stat_xact_user_tables WHERE relname = ANY (%s)",
            [TABLES],
        )
        return int(cursor.fetchone()[0])


def work_of(client: Client, path: str) -> int:
    """What answering a request reads."""
    client.get(path)  # what a process remembers is read once
    before = rows_read()
    response = client.get(path)
    assert response.status_code == 200, (path, response.content[:500])
    return rows_read() - before


@pytest.mark.django_db
def test_what_is_read_does_not_grow_with_the_table(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Staff's lists count up to a number that neither table reaches.
    monkeypatch.setattr(lists, "COUNTED_UP_TO", 100)
    town = Town()
    activate_small_model()
    client.force_login(User.objects.create_superuser("boss"))
    with connection.cursor() as cursor:
        # Other processes' reading would not be counted.
        cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    town.fill(1, LEAST)
    paths = list(town.paths())
    small = {path: work_of(client, path) for path in paths}
    town.fill(LEAST + 1, MOST)
    large = {path: work_of(client, path) for path in paths}
    assert check().differing == 0
    grown = {
        path: (small[path], large[path])
        for path in paths
        if large[path] > TOLERANCE * small[path] + SLACK
    }
    assert grown == {}


@pytest.mark.django_db
def test_a_full_count_would_be_noticed() -> None:
    """The negative control."""
    Town().fill(1, 500)
    before = rows_read()
    assert Complaint.objects.count() == 500
    assert rows_read() - before == 500
