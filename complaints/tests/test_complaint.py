"""The complaint's invariants and its life, down to the database."""

import math
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from complaints.models import City, Complaint, ComplaintEvent, Reporter
from complaints.tests.factories import (
    NOON,
    make_agency,
    make_city,
    make_complaint,
    make_type,
)

pytestmark = pytest.mark.django_db


def kinds(complaint: Complaint) -> list[str]:
    return list(complaint.events.order_by("id").values_list("kind", flat=True))


@pytest.mark.parametrize(
    ("constraint", "change"),
    [
        ("complaint_closed_iff_closed_at", {"status": "closed"}),
        ("complaint_closed_iff_closed_at", {"closed_at": NOON}),
        (
            "complaint_closed_after_created",
            {"status": "closed", "closed_at": NOON - timedelta(seconds=1)},
        ),
        ("complaint_status_is_known", {"status": "resolved"}),
        ("complaint_place_is_on_earth", {"latitude": 90.01}),
        ("complaint_place_is_on_earth", {"longitude": -180.5}),
        ("complaint_place_is_on_earth", {"latitude": math.nan}),
        ("complaint_place_is_on_earth", {"longitude": math.inf}),
        ("complaint_place_is_on_earth", {"cell": None}),
        ("complaint_place_is_on_earth", {"latitude": None}),
    ],
)
def test_the_database_refuses_what_must_not_be(constraint: str, change: dict[str, Any]) -> None:
    complaint = make_complaint()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Complaint.objects.filter(pk=complaint.pk).update(**change)


def test_the_database_refuses_a_complaint_that_duplicates_itself() -> None:
    complaint = make_complaint()
    with pytest.raises(IntegrityError, match="not_its_own_duplicate"), transaction.atomic():
        Complaint.objects.update(duplicate_of=complaint)


def test_the_database_refuses_the_same_external_id_twice_from_one_source() -> None:
    make_complaint(source="nyc", external_id="7")
    make_complaint(source="sample", external_id="7")
    with pytest.raises(IntegrityError, match="complaint_once_per_source"), transaction.atomic():
        make_complaint(source="nyc", external_id="7")


def test_complaints_without_an_external_id_are_many() -> None:
    for _ in range(2):
        make_complaint(external_id=None)
    assert Complaint.objects.count() == 2


def test_a_closing_in_the_same_second_is_allowed() -> None:
    make_complaint(closed_after_hours=0)
    assert Complaint.objects.closed().count() == 1


def test_public_ids_are_opaque_and_differ() -> None:
    for _ in range(50):
        make_complaint()
    found = set(Complaint.objects.values_list("public_id", flat=True))
    assert len(found) == 50
    assert all(len(text) == 20 and int(text, 16) >= 0 for text in found)


def test_closing_records_the_time_once() -> None:
    complaint = make_complaint()
    complaint.close(NOON + timedelta(hours=1))
    complaint.close(NOON + timedelta(hours=2))
    assert complaint.closed_at == NOON + timedelta(hours=1)
    assert kinds(complaint) == ["opened", "closed"]


def test_closing_before_creation_is_refused() -> None:
    complaint = make_complaint()
    with pytest.raises(ValueError, match="before creation"):
        complaint.close(NOON - timedelta(hours=1))
    assert Complaint.objects.get().is_open


def test_reopening_keeps_the_earlier_closing_in_the_history() -> None:
    complaint = make_complaint(closed_after_hours=1)
    complaint.reopen()
    complaint.reopen()
    assert complaint.is_open
    assert kinds(complaint) == ["opened", "closed", "reopened"]


def test_a_bulk_update_leaves_events_too() -> None:
    for _ in range(3):
        make_complaint()
    at = timezone.now()
    Complaint.objects.update(status="closed", closed_at=at)
    closings = ComplaintEvent.objects.filter(kind="closed")
    assert [event.occurred_at for event in closings] == [at] * 3


@pytest.mark.django_db(transaction=True)
def test_without_the_trigger_a_bulk_update_leaves_none() -> None:
    complaint = make_complaint()
    alter = "ALTER TABLE complaints_complaint {} TRIGGER complaint_events_of_update"
    with connection.cursor() as cursor:
        cursor.execute(alter.format("DISABLE"))
        Complaint.objects.update(status="closed", closed_at=timezone.now())
        cursor.execute(alter.format("ENABLE"))
    assert kinds(complaint) == ["opened"]


def test_each_change_has_its_own_kind_of_event() -> None:
    complaint, other = make_complaint(), make_complaint()
    rows = Complaint.objects.filter(pk=complaint.pk)
    rows.update(status="in_progress")
    rows.update(agency=make_agency(code="HPD"))
    rows.update(duplicate_of=other)
    rows.update(status="closed", closed_at=NOON)
    rows.update(closed_at=NOON + timedelta(hours=1))
    rows.update(descriptor="nothing of note")
    assert kinds(complaint) == [
        "opened",
        "status_changed",
        "assigned",
        "duplicate_linked",
        "closed",
        "corrected",
    ]


def test_the_actor_of_the_transaction_is_recorded(django_user_model: Any) -> None:
    user = django_user_model.objects.create_user("agent")
    complaint = make_complaint()
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('smart311.actor_id', %s, true)", [str(user.pk)])
    complaint.close(NOON)
    assert complaint.events.get(kind="closed").actor == user


@pytest.mark.parametrize("sql", ["DELETE FROM {}", "UPDATE {} SET text = 'x'"])
def test_events_can_be_neither_changed_nor_deleted(sql: str) -> None:
    make_complaint()
    table = ComplaintEvent._meta.db_table
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql.format(table))
    assert ComplaintEvent.objects.count() == 1


def test_a_complaint_with_history_cannot_be_deleted() -> None:
    with pytest.raises(ProtectedError):
        make_complaint().delete()


def test_reporters_live_in_a_table_of_their_own() -> None:
    complaint = make_complaint()
    Reporter.objects.create(complaint=complaint, email="someone@example.org")
    Reporter.objects.all().delete()
    assert Complaint.objects.count() == 1


def test_open_complaints_near_a_place_are_found() -> None:
    here = make_complaint(latitude=40.75, longitude=-73.85)
    make_complaint(latitude=40.75, longitude=-73.85, closed_after_hours=1)
    next_door = make_complaint(latitude=40.752, longitude=-73.85)
    make_complaint(latitude=40.80, longitude=-73.85)
    assert here.cell is not None
    found = Complaint.objects.open().near(here.cell, rings=1)
    assert set(found) == {here, next_door}


def test_filed_since_includes_its_moment() -> None:
    make_complaint(created_at=NOON - timedelta(seconds=1))
    kept = make_complaint(created_at=NOON)
    assert list(Complaint.objects.filed_since(NOON)) == [kept]


@pytest.mark.parametrize(
    "box", [{"west": 10.0, "east": 5.0}, {"north": 91.0}, {"south": -120.0}, {"east": math.nan}]
)
def test_a_city_needs_a_real_box(box: dict[str, float]) -> None:
    city = make_city()
    with pytest.raises(IntegrityError, match="city_box_is_a_box"), transaction.atomic():
        City.objects.filter(pk=city.pk).update(**box)


def test_type_names_may_differ_in_case_across_agencies_only() -> None:
    dob, hpd = make_agency(code="DOB"), make_agency(code="HPD")
    make_type(code="a", name="Plumbing", agency=dob)
    make_type(code="b", name="PLUMBING", agency=hpd)
    with pytest.raises(IntegrityError, match="any_case_once_per_agency"), transaction.atomic():
        make_type(code="c", name="plumbing", agency=hpd)
