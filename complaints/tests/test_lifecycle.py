"""Correcting, closing, reopening, assigning, commenting and linking over HTTP."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from django.test import Client

from complaints.models import Complaint, ComplaintEvent
from complaints.models.complaint import ComplaintQuerySet, cell_of
from complaints.tests.factories import (
    NOON,
    make_agency,
    make_city,
    make_complaint,
    make_district,
    make_type,
)

STEPS = ["close", "reopen", "assign", "comment", "mark-duplicate", "unmark-duplicate"]


@pytest.fixture
def agent(db: None) -> User:
    user = User.objects.create_user("agent", is_staff=True)
    user.groups.add(Group.objects.get(name="agent"))
    make_agency().staff.add(user)
    return user


@pytest.fixture
def staff(agent: User) -> Client:
    return sign_in(agent)


def sign_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, complaint: Complaint, name: str, body: Any = None) -> Any:
    path = f"/api/v1/complaints/{complaint.public_id}/{name}"
    return client.post(path, {} if body is None else body, content_type="application/json")


def patch(client: Client, complaint: Complaint, body: Any) -> Any:
    path = f"/api/v1/complaints/{complaint.public_id}/"
    return client.patch(path, body, content_type="application/json")


def history(complaint: Complaint) -> list[tuple[str, str | None]]:
    events = complaint.events.order_by("id")
    return list(events.values_list("kind", "actor__username"))


@pytest.mark.parametrize("slash", ["", "/"])
def test_closing_records_when_how_and_by_whom(staff: Client, slash: str) -> None:
    complaint = make_complaint()
    body = {"at": "2019-07-10T15:00:00", "resolution": "Asked them to stop."}
    response = act(staff, complaint, f"close{slash}", body)
    assert response.status_code == 200, response.content
    assert response.json()["status"] == "closed"
    complaint.refresh_from_db()
    assert complaint.closed_at == NOON + timedelta(hours=3)
    assert complaint.resolution == response.json()["resolution"] == "Asked them to stop."
    assert history(complaint) == [("opened", None), ("closed", "agent")]


def test_closing_what_is_closed_is_a_409_and_keeps_the_first_time(staff: Client) -> None:
    complaint = make_complaint(closed_after_hours=1, resolution="Done.")
    response = act(staff, complaint, "close/", {"resolution": "Done again."})
    assert response.status_code == 409
    assert "closed already" in response.json()["detail"]
    complaint.refresh_from_db()
    assert (complaint.closed_at, complaint.resolution) == (NOON + timedelta(hours=1), "Done.")


def test_reopening_keeps_the_history(staff: Client) -> None:
    complaint = make_complaint(closed_after_hours=1)
    assert act(staff, complaint, "reopen/").json()["status"] == "open"
    assert history(complaint)[-1] == ("reopened", "agent")
    assert act(staff, complaint, "reopen/").status_code == 409


def test_assigning_is_recorded_once(staff: Client, agent: User) -> None:
    complaint = make_complaint()
    make_agency("DEP").staff.add(agent)
    for _ in range(2):
        assert act(staff, complaint, "assign/", {"agency": "DEP"}).json()["agency"] == "DEP"
    assert history(complaint) == [("opened", None), ("assigned", "agent")]


@pytest.mark.parametrize("is_public", [True, False])
def test_a_comment_is_an_event_of_its_author(staff: Client, is_public: bool) -> None:
    complaint = make_complaint()
    body = {"text": "Crew sent.", "is_public": is_public}
    response = act(staff, complaint, "comment/", body)
    assert response.status_code == 201
    assert response.json()["text"] == "Crew sent."
    event = ComplaintEvent.objects.get(kind="commented")
    assert (event.is_public, event.actor and event.actor.username) == (is_public, "agent")


def test_a_comment_is_private_unless_said_otherwise(staff: Client) -> None:
    act(staff, make_complaint(), "comment/", {"text": "Crew sent."})
    assert not ComplaintEvent.objects.get(kind="commented").is_public


def test_a_duplicate_points_at_its_original(staff: Client) -> None:
    complaint, original = make_complaint(), make_complaint()
    body = {"duplicate_of": original.public_id}
    answer = act(staff, complaint, "mark-duplicate/", body).json()
    assert answer["duplicate_of"] == original.public_id
    assert history(complaint)[-1] == ("duplicate_linked", "agent")


def test_a_duplicate_by_mistake_is_taken_back(staff: Client) -> None:
    complaint, original = make_complaint(), make_complaint()
    act(staff, complaint, "mark-duplicate/", {"duplicate_of": original.public_id})
    assert act(staff, complaint, "unmark-duplicate/").json()["duplicate_of"] is None
    complaint.refresh_from_db()
    assert not complaint.is_duplicate
    event = complaint.events.get(kind="duplicate_unlinked")
    assert (event.text, event.actor and event.actor.username) == (original.public_id, "agent")
    again = act(staff, complaint, "unmark-duplicate/")
    assert (again.status_code, again.json()["detail"]) == (409, "It is no duplicate.")
    # It is closed no more with the one that it does not repeat.
    act(staff, original, "close/")
    complaint.refresh_from_db()
    assert complaint.is_open


def test_staff_read_private_remarks_and_nobody_else_does(
    staff: Client, django_assert_max_num_queries: Any
) -> None:
    complaint = make_complaint()
    path = f"/api/v1/complaints/{complaint.public_id}/comments/"
    for number in range(5):
        body = {"text": f"Remark {number}", "is_public": number == 3}
        act(staff, complaint, "comment/", body)
    with django_assert_max_num_queries(8):
        answer = staff.get(path)
    assert answer.headers["Cache-Control"] == "no-store"
    read = answer.json()["results"]
    assert [(one["text"], one["is_public"], one["by"]) for one in read] == [
        (f"Remark {number}", number == 3, "agent") for number in range(5)
    ]
    assert Client().get(path).status_code == 401
    elsewhere = make_complaint(agency=make_agency("DEP"))
    theirs = f"/api/v1/complaints/{elsewhere.public_id}/comments/"
    assert staff.get(theirs).status_code == 403
    assert staff.get(f"{path}?page=2").status_code == 400


def test_the_public_history_tells_to_whom_of_what_and_to_what(staff: Client, agent: User) -> None:
    complaint, original = make_complaint(), make_complaint()
    make_agency("DEP").staff.add(agent)
    act(staff, complaint, "assign/", {"agency": "DEP"})
    act(staff, complaint, "mark-duplicate/", {"duplicate_of": original.public_id})
    staff.patch(
        f"/api/v1/complaints/{complaint.public_id}/",
        {"status": "in_progress"},
        content_type="application/json",
    )
    act(staff, complaint, "close/")
    events = Client().get(f"/api/v1/complaints/{complaint.public_id}/events/").json()["results"]
    assert [(event["kind"], event["text"]) for event in events] == [
        ("opened", ""),
        ("assigned", "DEP"),
        ("duplicate_linked", original.public_id),
        ("status_changed", "in_progress"),
        ("closed", ""),
    ]


def test_a_bulk_update_tells_it_of_each(db: None) -> None:
    made = [make_complaint(), make_complaint()]
    Complaint.objects.update(agency=make_agency("DEP"))
    Complaint.objects.update(agency=None)
    found = ComplaintEvent.objects.filter(kind="assigned").order_by("id")
    assert [event.text for event in found] == ["DEP"] * len(made) + [""] * len(made)


def test_duplicates_form_no_chains_and_no_rings(staff: Client) -> None:
    first, second, third = (make_complaint() for _ in range(3))
    act(staff, second, "mark-duplicate/", {"duplicate_of": first.public_id})
    for one, other in ((third, second), (first, third), (first, second)):
        response = act(staff, one, "mark-duplicate/", {"duplicate_of": other.public_id})
        assert response.status_code == 409
    itself = act(staff, first, "mark-duplicate/", {"duplicate_of": first.public_id})
    assert itself.status_code == 400


def test_a_patch_changes_what_it_names_and_nothing_else(staff: Client) -> None:
    complaint = make_complaint(address="1 MAIN STREET", zip="11354")
    make_type("rodent")
    body = {"complaint_type": "rodent", "address": "2 Main St", "status": "in_progress"}
    response = patch(staff, complaint, body)
    assert response.status_code == 200, response.content
    before = complaint.updated_at
    complaint.refresh_from_db()
    assert complaint.complaint_type.code == response.json()["complaint_type"] == "rodent"
    assert (complaint.address, complaint.zip) == ("2 Main St", "11354")
    assert complaint.status == response.json()["status"] == "in_progress"
    assert complaint.updated_at > before
    assert history(complaint)[1:] == [("status_changed", "agent"), ("corrected", "agent")]


def test_the_status_of_a_closed_complaint_is_not_patched(staff: Client) -> None:
    complaint = make_complaint(closed_after_hours=1)
    response = patch(staff, complaint, {"status": "open", "zip": "11354"})
    assert response.status_code == 409
    complaint.refresh_from_db()
    assert (complaint.status, complaint.zip) == ("closed", "")


@pytest.mark.parametrize(
    ("step", "body", "pointer"),
    [
        ("close", {"at": "2019-07-10T11:59:00"}, "/at"),
        ("close", {"at": "2999-01-01T00:00:00Z"}, "/at"),
        ("close", {"closed_at": "2019-07-11T00:00:00"}, "/closed_at"),
        ("close", {"resolution": 5}, "/resolution"),
        ("reopen", {"why": "not done"}, "/why"),
        ("assign", {}, "/agency"),
        ("assign", {"agency": "NOBODY"}, "/agency"),
        ("assign", {"agency": True}, "/agency"),
        ("assign", {"agency": "GOTHAM"}, "/agency"),
        ("comment", {}, "/text"),
        ("comment", {"text": "\u200b"}, "/text"),
        ("comment", {"text": "a", "is_public": "yes"}, "/is_public"),
        ("comment", {"text": "a", "is_public": 1}, "/is_public"),
        ("mark-duplicate", {"duplicate_of": "0" * 20}, "/duplicate_of"),
        ("mark-duplicate", {"duplicate_of": None}, "/duplicate_of"),
        ("mark-duplicate", {"duplicate_of": ["a"]}, "/duplicate_of"),
        ("", {"status": "closed"}, "/status"),
        ("", {"status": True}, "/status"),
        ("", {"closed_at": "2019-07-11T00:00:00"}, "/closed_at"),
        ("", {"complaint_type": "nois"}, "/complaint_type"),
        ("", {"media_url": "file:///etc/passwd"}, "/media_url"),
        ("", {"latitude": 40.7}, "/longitude"),
        ("", {"longitude": None}, "/latitude"),
        ("", {"latitude": 40.7, "longitude": None}, "/longitude"),
        ("", {"latitude": None, "longitude": None}, "/latitude"),
        ("", {"latitude": 0, "longitude": 0}, "/latitude"),
        ("", {"latitude": "40.7", "longitude": -73.9}, "/latitude"),
        ("", {"cell": 617733151092113407}, "/cell"),
        ("", {"district": "queens-07"}, "/district"),
    ],
)
def test_a_bad_field_is_named_and_nothing_happens(
    staff: Client, step: str, body: Any, pointer: str
) -> None:
    complaint = make_complaint()
    make_agency("GOTHAM", city=make_city("gotham"))
    response = act(staff, complaint, step, body) if step else patch(staff, complaint, body)
    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert history(complaint) == [("opened", None)]


@pytest.mark.parametrize("step", STEPS)
def test_who_may_not_change_complaints_takes_no_step(agent: User, step: str) -> None:
    agent.groups.clear()
    complaint = make_complaint()
    for client, status in ((Client(), 401), (sign_in(agent), 403)):
        response = act(client, complaint, f"{step}/")
        assert response.status_code == status
        assert response["Content-Type"] == "application/problem+json"
        assert patch(client, complaint, {"zip": "1"}).status_code == status
    assert history(complaint) == [("opened", None)]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_on_nothing_is_a_404_and_reading_one_a_405(staff: Client, step: str) -> None:
    path = f"/api/v1/complaints/{{}}/{step}/"
    assert staff.post(path.format("0" * 20), {}, "application/json").status_code == 404
    assert staff.get(path.format(make_complaint().public_id)).status_code == 405


def test_putting_a_whole_complaint_is_a_405(staff: Client) -> None:
    path = f"/api/v1/complaints/{make_complaint().public_id}/"
    assert staff.put(path, {}, content_type="application/json").status_code == 405


def close_at_once(agent: User, complaint: Complaint, count: int) -> list[int]:
    """The statuses of so many closings that have all read the complaint as open."""
    barrier = threading.Barrier(count)
    clients = [sign_in(agent) for _ in range(count)]

    def run(client: Client, hour: int) -> int:
        barrier.wait()
        try:
            at = (NOON + timedelta(hours=hour)).isoformat()
            status: int = act(client, complaint, "close/", {"at": at}).status_code
            return status
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, clients, range(1, count + 1)))


@pytest.mark.django_db(transaction=True)
def test_of_agents_who_close_at_once_one_does(agent: User) -> None:
    complaint = make_complaint()
    assert sorted(close_at_once(agent, complaint, 8)) == [200] + [409] * 7
    assert history(complaint) == [("opened", None), ("closed", "agent")]


@pytest.mark.django_db(transaction=True)
def test_without_the_condition_they_would_all_close(
    agent: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ComplaintQuerySet, "open", ComplaintQuerySet.all)
    complaint = make_complaint()
    close_at_once(agent, complaint, 8)
    assert len(history(complaint)) > 2


@pytest.mark.django_db(transaction=True)
def test_two_who_link_each_other_at_once_make_no_ring(agent: User) -> None:
    pair = [make_complaint(), make_complaint()]
    barrier = threading.Barrier(2)

    def run(one: Complaint, other: Complaint) -> int:
        client = sign_in(agent)
        barrier.wait()
        try:
            body = {"duplicate_of": other.public_id}
            status: int = act(client, one, "mark-duplicate/", body).status_code
            return status
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(run, pair, reversed(pair))) == [200, 409]
    assert Complaint.objects.exclude(duplicate_of=None).count() == 1


def test_a_corrected_place_takes_cell_and_district_with_it(staff: Client) -> None:
    old, new = make_district("queens-07"), make_district("bronx-01")
    complaint = make_complaint(
        district=old,
        promised_median_hours=3.0,
        promised_p10_hours=1.0,
        promised_p90_hours=9.0,
        promised_by="nyc-1",
    )
    make_complaint(district=new, latitude=40.82, longitude=-73.9)
    response = patch(staff, complaint, {"latitude": 40.82, "longitude": -73.9})
    assert response.status_code == 200, response.content
    answer = response.json()
    assert (answer["latitude"], answer["longitude"], answer["district"]) == (40.82, -73.9, new.code)
    assert answer["forecast"]["median_hours"] == 3.0
    before = complaint.updated_at
    complaint.refresh_from_db()
    assert complaint.district == new
    assert complaint.cell == cell_of(40.82, -73.9)
    assert complaint.updated_at > before
    event = complaint.events.select_related("actor").get(kind="corrected")
    assert event.actor and event.actor.username == "agent"
    assert event.text == "latitude, longitude"


def test_a_place_can_be_taken_back_where_there_is_an_address(staff: Client) -> None:
    nowhere = {"latitude": None, "longitude": None}
    complaint = make_complaint(district=make_district(), address="1 MAIN STREET")
    answer = patch(staff, complaint, nowhere).json()
    assert (answer["latitude"], answer["longitude"], answer["district"]) == (None, None, None)
    complaint.refresh_from_db()
    assert complaint.cell is None
    assert patch(staff, complaint, {"address": ""}).status_code == 400
    assert patch(staff, complaint, {"zip": "11354"}).status_code == 200
    other = make_complaint()
    assert patch(staff, other, {**nowhere, "address": "2 MAIN STREET"}).status_code == 200


def test_a_complaint_without_any_place_can_be_corrected_all_the_same(staff: Client) -> None:
    complaint = make_complaint(latitude=None, longitude=None)
    assert patch(staff, complaint, {"zip": "11354"}).status_code == 200


def test_the_history_names_what_was_corrected_and_not_what_stood_there(staff: Client) -> None:
    complaint = make_complaint(zip="10001")
    told = {"zip": "10001", "address": "9 SECRET LANE", "complaint_type": "rodent"}
    make_type("rodent")
    for _ in range(2):
        assert patch(staff, complaint, told).status_code == 200
    assert complaint.events.get(kind="corrected").text == "address, complaint_type"
    path = f"/api/v1/complaints/{complaint.public_id}/events/"
    assert "SECRET" not in Client().get(path).content.decode()
