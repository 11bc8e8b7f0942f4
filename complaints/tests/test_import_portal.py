"""`import_complaints --socrata`, against a portal with faults."""

import csv
import gzip
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as project
from django.core.management import CommandError, call_command
from django.db import connection

from complaints.models import Complaint, Import
from complaints.opendata import fetching, socrata
from complaints.opendata.fetching import Fetcher, TryAgain, locate
from complaints.opendata.portals import Dataset, PortalError
from complaints.opendata.runs import AlreadyRunning, claimed
from complaints.tests.factories import make_city
from complaints.tests.soda_server import Portal, serving, soda_row

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Portal]:
    make_city()
    monkeypatch.setattr(socrata, "PAGE_ROWS", 10)
    monkeypatch.setattr(fetching, "_backoff", lambda _state: 0.0)
    with serving(Portal([soda_row(number) for number in range(25)])) as found:
        settings.IMPORT_PRIVATE_HOSTS = [found.host]
        yield found


def bring(portal: Portal, **options: Any) -> str:
    out = StringIO()
    call_command("import_complaints", socrata=portal.dataset, stdout=out, **options)
    return out.getvalue()


def test_all_pages_arrive_in_the_order_of_row_ids(portal: Portal) -> None:
    assert "25  new" in bring(portal)
    assert Complaint.objects.filter(source="nyc").count() == 25
    assert [query["$offset"] for query in portal.asked] == ["0", "10", "20"]
    assert {query["$order"] for query in portal.asked} == {":id"}
    run = Import.objects.get()
    assert (run.status, run.mapping, run.counts["read"]) == ("done", "nyc", 25)
    assert run.report["unknown_type"]["rows"] == 10
    assert run.report["repeated_report"]["by_agency"] == {"HPD": 9 + 9 + 4}


def test_the_app_token_of_the_environment_is_sent(portal: Portal, settings: Any) -> None:
    settings.SOCRATA_APP_TOKEN = "token"
    bring(portal)
    assert set(portal.tokens) == {"token"}


@pytest.mark.parametrize("fault", ["202", "429", "500", "503", "cut", "half"])
def test_what_may_pass_is_tried_again(portal: Portal, fault: str) -> None:
    portal.faults = ["", fault, fault]
    bring(portal)
    assert Complaint.objects.count() == 25
    assert len(portal.asked) == 5


def test_a_portal_that_stays_down_is_given_up_and_named(portal: Portal) -> None:
    portal.faults = ["", *["503"] * 99]
    with pytest.raises(CommandError, match="answers 503, 8 times; run it again to go on"):
        bring(portal)
    assert Complaint.objects.count() == 10
    run = Import.objects.get()
    assert (run.status, run.checkpoint["offset"]) == ("failed", 10)


@pytest.mark.parametrize(
    ("fault", "message"),
    [("404", "answers 404"), ("redirect", "redirect to 'http://127.0.0.1:1/'")],
)
def test_what_will_not_pass_is_not_tried_again(portal: Portal, fault: str, message: str) -> None:
    portal.faults = [fault]
    with pytest.raises(CommandError, match=message):
        bring(portal)
    assert len(portal.asked) == 1


def test_an_import_goes_on_where_it_stopped(portal: Portal) -> None:
    portal.faults = ["", "", "404"]
    with pytest.raises(CommandError):
        bring(portal)
    portal.asked.clear()
    assert "25  new" in bring(portal)
    assert [query["$offset"] for query in portal.asked] == ["20"]
    assert Import.objects.count() == 1


def test_a_row_on_two_pages_is_stored_once(portal: Portal) -> None:
    portal.rows.append(soda_row(5, **{":id": "row-900000"}))
    bring(portal)
    assert Complaint.objects.count() == 25
    assert Import.objects.get().counts["unchanged"] == 1


def test_the_next_import_reads_only_what_has_changed(portal: Portal) -> None:
    bring(portal)
    closed = {"status": "Closed", "closed_date": "2020-01-08T12:00:00.000"}
    portal.rows[3] |= {":updated_at": "2026-02-01T00:00:00.000Z", **closed}
    portal.asked.clear()
    report = bring(portal)
    assert portal.asked[0]["$where"] == ":updated_at >= '2026-01-04T23:55:00.000Z'"
    # The overlap brings the others again; they are as they were.
    assert "1  updated" in report and "24  unchanged" in report
    assert Complaint.objects.closed().get().external_id == "3"
    bring(portal)
    assert portal.asked[-1]["$where"] == ":updated_at >= '2026-01-31T23:55:00.000Z'"


def test_since_is_a_moment_on_the_citys_clock(portal: Portal) -> None:
    bring(portal, since="2026-03-01", city="nyc")
    assert portal.asked[0]["$where"] == ":updated_at >= '2026-03-01T05:00:00.000Z'"
    assert not Complaint.objects.exists()


def test_rejected_rows_of_all_pages_are_kept(portal: Portal) -> None:
    for number in (2, 14):
        del portal.rows[number]["complaint_type"]
    report = bring(portal)
    assert "2  rejected" in report
    run = Import.objects.get()
    rows = list(csv.DictReader(StringIO(gzip.decompress(run.rejects).decode())))
    assert [(row["row"], row["reason"]) for row in rows] == [
        ("3", "no complaint type"),
        ("15", "no complaint type"),
    ]


def test_two_at_once_are_refused(portal: Portal) -> None:
    portal.faults = ["", "404"]
    with pytest.raises(CommandError):
        bring(portal)
    run = Import.objects.get()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(311, %s)", [run.pk])
            with pytest.raises(AlreadyRunning), claimed(run):
                pass
            with pytest.raises(CommandError, match="is running"):
                bring(portal)
    finally:
        other.close()
    bring(portal)


class TestHosts:
    def test_a_host_that_is_not_on_the_list_is_refused(self, settings: Any) -> None:
        settings.IMPORT_HOSTS = ["data.example.org"]
        with pytest.raises(PortalError, match=r"'evil\.example\.org' is not on the list"):
            locate("evil.example.org")

    @pytest.mark.parametrize(
        "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1"]
    )
    def test_a_listed_host_with_a_private_address_is_refused(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        settings.IMPORT_HOSTS = ["data.example.org"]
        found = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", (address, 443))]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: found)
        with pytest.raises(PortalError, match="which is not public"):
            locate("data.example.org")

    def test_a_public_one_is_asked_with_https_at_the_address_that_was_checked(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.IMPORT_HOSTS = ["data.example.org"]
        found = [(2, 1, 6, "", ("93.184.216.34", 443))]
        monkeypatch.setattr("socket.getaddrinfo", lambda *_a, **_k: found)
        assert locate("data.example.org").base == "https://93.184.216.34"

    @pytest.mark.parametrize(
        "name", ["data.example.org", "a/b", "http://x/abcd-1234", "x/abcd-123"]
    )
    def test_an_odd_name_is_refused(self, name: str) -> None:
        with pytest.raises(PortalError, match="expected HOST/4x4"):
            Dataset.named(name)


class TestLimits:
    def test_a_page_that_is_too_long_is_refused(
        self, portal: Portal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fetching, "MOST_BYTES", 100)
        with pytest.raises(CommandError, match="longer than 100 bytes"):
            bring(portal)

    def test_a_page_that_takes_too_long_is_given_up(
        self, portal: Portal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fetching, "MOST_SECONDS", 0.0)
        with pytest.raises(CommandError, match="takes longer than 0 s, 8 times"):
            bring(portal)

    def test_the_portal_says_how_long_to_wait_up_to_a_limit(
        self, portal: Portal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waits: list[float] = []
        monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
        fetcher = Fetcher(portal.host, {})
        asked = iter([TryAgain("busy", 7.0), TryAgain("busy", 9_999.0)])

        def once(*_arguments: Any) -> bytes:
            for error in asked:
                raise error
            return b"[]"

        monkeypatch.setattr(fetcher, "_once", once)
        fetcher.get("/", {})
        fetcher.close()
        assert waits == [7.0, fetching.LONGEST_WAIT_SECONDS]


@pytest.mark.django_db(transaction=True)
def test_an_import_that_was_killed_goes_on(settings: Any, tmp_path: Path) -> None:
    make_city()
    rows = [soda_row(number) for number in range(socrata.PAGE_ROWS + 500)]
    with serving(Portal(rows)) as portal:
        environment = os.environ | {
            "DATABASE_URL": _database_url(),
            "SECRET_KEY": "test",
            "IMPORT_PRIVATE_HOSTS": portal.host,
            # Another test may have imported the web application, which says so to its children.
            "SERVES_REQUESTS": "false",
        }
        command = [sys.executable, "manage.py", "import_complaints", "--socrata", portal.dataset]
        # The first page is stored, the second never comes.
        portal.faults = ["", *["503"] * 99]
        with (tmp_path / "said").open("w+") as said:
            child = subprocess.Popen(command, cwd=project.BASE_DIR, env=environment, stderr=said)
            try:
                _wait_until(lambda: len(portal.asked) > 1 or child.poll() is not None)
            finally:
                child.send_signal(signal.SIGKILL)
                child.wait()
            said.seek(0)
            assert child.returncode == -signal.SIGKILL, said.read()
        run = Import.objects.get()
        assert (run.status, run.checkpoint["offset"]) == ("running", socrata.PAGE_ROWS)
        assert Complaint.objects.count() == socrata.PAGE_ROWS
        portal.faults.clear()
        settings.IMPORT_PRIVATE_HOSTS = [portal.host]
        bring(portal)
    run.refresh_from_db()
    assert (run.status, run.counts["new"]) == ("done", len(rows))
    assert Complaint.objects.count() == len(rows)
    assert run.finished_at and run.finished_at > datetime(2020, 1, 1, tzinfo=UTC)


def _database_url() -> str:
    """The test database, for another process."""
    connection.ensure_connection()
    found = connection.connection.info.dsn_parameters
    password = connection.settings_dict.get("PASSWORD") or ""
    if server := getattr(connection, "server", None):
        password = server.ensure_running(10)["password"]
    login = quote(found["user"]) + (f":{quote(password)}" if password else "")
    return f"postgres://{login}@{quote(found['host'], safe='')}:{found['port']}/{found['dbname']}"


def _wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 240  # a page of rows on a machine with much else to do
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
