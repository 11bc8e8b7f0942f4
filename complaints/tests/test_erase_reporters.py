"""`manage.py erase_reporters`: what is personal goes, what is public stays."""

import logging
import threading
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from complaints import erasure
from complaints.models import City, Complaint, ComplaintEvent, IntakeReceipt, Reporter
from complaints.tests.factories import make_city, make_type
from complaints.tests.forecasters import FixedForecaster

pytestmark = pytest.mark.django_db

GOOD = {
    "complaint_type": "noise-residential",
    "latitude": 40.75,
    "longitude": -73.85,
    "description": "Marker drums, 212-555-0142",
    "address": "1 MAIN ST APT 4B",
    "media_url": "https://example.org/marker.jpg",
    "reporter": {"name": "Marker Person", "email": "marker@example.org", "phone": "555-0100"},
}
KEY = "marker-of-a-key"
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def city(monkeypatch: pytest.MonkeyPatch) -> City:
    monkeypatch.setattr("complaints.intake.get_forecaster", FixedForecaster)
    return make_type().city


def file(body: Any = GOOD, key: str = KEY, path: str = "/api/v1/complaints/") -> Any:
    return Client().post(path, body, content_type="application/json", HTTP_IDEMPOTENCY_KEY=key)


def close_all(days_ago: float) -> None:
    at = timezone.now() - days_ago * DAY
    Complaint.objects.update(status="closed", created_at=at, closed_at=at)


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("erase_reporters", "--older-than", *(arguments or ("90d",)), stdout=out)
    return out.getvalue()


def everything() -> str:
    rows: list[Any] = [
        *Complaint.objects.values(),
        *Reporter.objects.values(),
        *IntakeReceipt.objects.values(),
    ]
    rows += ComplaintEvent.objects.values()
    return str(rows).replace(KEY, "")


def test_it_erases_all_that_is_personal_and_keeps_the_rest(
    city: City, caplog: pytest.LogCaptureFixture
) -> None:
    City.objects.update(description_policy="redacted")
    file()
    assert "Marker" in everything()
    assert "4B" in everything()
    close_all(91)
    caplog.set_level(logging.INFO)
    words = run()
    assert words == "1 complaints and 1 kept answers lost their personal data.\n"
    assert words.strip() in caplog.text
    found = everything().replace("Marker drums, [phone]", "")
    for marker in ("Marker", "marker", "0100", "0142", "4B"):
        assert marker not in found
    complaint = Complaint.objects.get()
    assert complaint.public_description == "Marker drums, [phone]"
    assert complaint.address == "1 MAIN ST [apartment]"
    event = complaint.events.get(kind="erased")
    assert not event.is_public
    call_command("redact_descriptions", stdout=StringIO())
    assert Complaint.objects.get().public_description == "Marker drums, [phone]"


def test_a_request_sent_again_after_erasure_is_answered_without_personal_data() -> None:
    first = file()
    close_all(91)
    run()
    again = file()
    assert (again.status_code, again["Idempotency-Replayed"]) == (201, "true")
    assert again.json() == {**first.json(), "description": "", "media_url": ""}
    assert Complaint.objects.count() == 1


def test_so_is_a_bulk_for_those_of_it_that_are_erased() -> None:
    path = "/api/v1/complaints/bulk/"
    rows = [GOOD, {**GOOD, "description": "second"}]
    first = file(rows, path=path).json()
    close_all(91)
    Complaint.objects.filter(description="second").update(status="open", closed_at=None)
    assert run() == "1 complaints and 1 kept answers lost their personal data.\n"
    again = file(rows, path=path).json()
    assert [row["description"] for row in again["complaints"]] == ["", "second"]
    assert again["complaints"][1] == first["complaints"][1]
    assert run() == "0 complaints and 0 kept answers lost their personal data.\n"


def test_it_counts_from_the_closing_and_leaves_open_ones_alone() -> None:
    file()
    close_all(89)
    file(key="another-key")
    Complaint.objects.filter(status="open").update(created_at=timezone.now() - 400 * DAY)
    run()
    assert Reporter.objects.count() == 2
    run("90d", "--open-too")
    assert Reporter.objects.get().complaint.status == "closed"


def test_another_city_is_left_alone() -> None:
    file()
    Complaint.objects.update(city=make_city("gotham"))
    close_all(91)
    run()
    assert Reporter.objects.exists()
    run("90d", "--city", "gotham")
    assert not Reporter.objects.exists()


def test_text_can_be_kept_for_staff() -> None:
    file()
    close_all(91)
    run("90d", "--keep-text")
    assert not Reporter.objects.exists()
    assert Complaint.objects.get().description == GOOD["description"]
    assert file().json()["description"] == GOOD["description"]
    run()
    assert Complaint.objects.get().description == ""


def test_a_dry_run_only_counts() -> None:
    file()
    close_all(91)
    before = everything()
    assert run("90d", "--dry-run") == "1 complaints have personal data to erase; none was erased.\n"
    assert everything() == before


def test_run_again_it_finds_nothing_and_says_nothing_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "BATCH", 2)
    for number in range(5):
        file(key=f"key-number-{number}")
    close_all(91)
    assert run().startswith("5 complaints and 5")
    assert run().startswith("0 complaints and 0")
    assert ComplaintEvent.objects.filter(kind="erased").count() == 5


@pytest.mark.parametrize("age", ["90", "1.5d", "d", "90h", "1000000d"])
def test_an_age_is_days(age: str) -> None:
    with pytest.raises(CommandError, match="expected days such as 90d"):
        run(age)


@pytest.mark.django_db(transaction=True)
def test_two_at_once_do_not_both_run(city: City) -> None:
    is_held, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with erasure._alone(city):
            is_held.set()
            may_end.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    is_held.wait(20)
    try:
        with pytest.raises(CommandError, match="another erasure of nyc is running"):
            run()
    finally:
        may_end.set()
        thread.join()
    assert run().startswith("0 complaints")


@pytest.mark.django_db(transaction=True)
def test_one_reopened_meanwhile_keeps_its_reporter(monkeypatch: pytest.MonkeyPatch) -> None:
    file()
    close_all(91)
    reopening, may_commit = threading.Event(), threading.Event()

    def reopen() -> None:
        with transaction.atomic():
            Complaint.objects.get().reopen()
            reopening.set()
            may_commit.wait(20)
        connection.close()

    thread = threading.Thread(target=reopen)
    thread.start()
    reopening.wait(20)
    threading.Timer(0.5, may_commit.set).start()
    run()
    thread.join()
    assert Reporter.objects.exists()
