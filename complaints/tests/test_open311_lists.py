"""Request lists of GeoReport v2: choosing, paging, feeds, files; and updates both ways."""

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints.models import Complaint
from complaints.open311.choosing import WINDOW
from complaints.open311.service_requests import moment
from complaints.tests.factories import make_agency, make_city, make_complaint, make_type
from complaints.tests.georeport_client import GeoReport, plain
from smart311.accounts.tests.people import make_key, make_user
from smart311.georeport import ONE_OF, storable, xml

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
ADDRESS = "/open311/v2/requests"


def recent(hours_ago: float = 2, **fields: Any) -> Complaint:
    return make_complaint(created_at=timezone.now() - hours_ago * HOUR, **fields)


def listed(**parameters: Any) -> list[str]:
    """The ids of a list."""
    answered = GeoReport().get("requests", **parameters)
    assert answered.status == 200, answered.text
    return [each["service_request_id"] for each in answered.body]


def test_a_list_has_the_last_ninety_days_newest_first() -> None:
    old, older = recent(5).public_id, recent(6).public_id
    recent(WINDOW / HOUR + 1)
    assert listed() == [old, older]


def test_dates_choose_with_both_ends_included() -> None:
    now = timezone.now().replace(microsecond=0)
    ids = [
        make_complaint(created_at=now - hours * HOUR + timedelta(milliseconds=300)).public_id
        for hours in (0, 1, 2, 3000)
    ]
    assert listed(start_date=moment(now - HOUR)) == ids[:2]
    assert listed(end_date=moment(now - HOUR)) == ids[1:3]
    assert listed(start_date=moment(now - 2 * HOUR), end_date=moment(now - HOUR)) == ids[1:3]
    assert listed(start_date=moment(now - 3001 * HOUR)) == ids
    local = (now - HOUR).astimezone(make_city().zone).isoformat(timespec="microseconds")
    assert listed(start_date=local) == ids[:2]
    as_space = Client().get(f"{ADDRESS}.json?start_date={(now - HOUR).isoformat()}")
    assert "+00:00" in (now - HOUR).isoformat()
    assert [each["service_request_id"] for each in as_space.json()] == ids[:2]


def test_ids_override_every_other_filter() -> None:
    ancient, fresh = make_complaint().public_id, recent().public_id
    recent(3)
    both = f"{ancient},{fresh},{'0' * 20}"
    assert listed(service_request_id=both, status="closed", start_date="2000-01-01") == [
        fresh,
        ancient,
    ]


def test_filters_choose_and_combine() -> None:
    dep = make_agency("DEP", name="Department of Water")
    rodent = make_type("rodent", agency=dep)
    far = recent(3, latitude=40.60, longitude=-74.0, descriptor="Loud rats").public_id
    rat = recent(2, complaint_type=rodent).public_id
    near = recent(1, latitude=40.7501).public_id
    for parameters, expected in [
        ({"service_code": "rodent"}, [rat]),
        ({"service_code": "rodent,noise-residential"}, [near, rat, far]),
        ({"agency_responsible": "department of water"}, [rat]),
        ({"agency_responsible": "DEP,NYPD"}, [near, rat, far]),
        ({"lat": "40.75", "long": "-73.85", "radius": "50"}, [near, rat]),
        ({"lat": "40.75", "long": "-73.85", "radius": "5", "status": "open"}, [rat]),
        ({"lat_ne": "40.7", "long_ne": "-73.9", "lat_sw": "40.5", "long_sw": "-74.1"}, [far]),
        ({"q": "rats"}, [far]),
        ({"q": "rats", "service_code": "rodent"}, []),
    ]:
        assert listed(**parameters) == expected, parameters


def test_changes_are_found_however_old_the_request() -> None:
    changed, untouched = make_complaint(), make_complaint()
    before = timezone.now() + timedelta(seconds=2)
    Complaint.objects.filter(pk=changed.pk).update(updated_at=before + HOUR)
    assert listed(updated_after=moment(before)) == [changed.public_id]
    assert listed(updated_before=moment(before)) == [untouched.public_id]
    assert listed(updated_after=moment(before + HOUR), updated_before=moment(before + HOUR)) == [
        changed.public_id
    ]


def test_the_number_alone() -> None:
    recent(1), recent(2)
    assert GeoReport().get("requests", just_count="true").body == {"count": 2}
    assert GeoReport("xml").get("requests", just_count="true", status="closed").body == {"count": 0}


def test_a_list_takes_few_queries_however_long(
    django_assert_max_num_queries: Any,
) -> None:
    for hours in range(12):
        recent(hours)
    # Three are the cities and types, which a server keeps in memory.
    with django_assert_max_num_queries(3 + 1):
        assert len(listed()) == 12
    with django_assert_max_num_queries(3 + 2):
        assert len(listed(extensions="true", status="open")) == 12


@settings(deadline=None, max_examples=15)
@given(size=st.integers(1, 12))
def test_pages_partition_the_list(size: int) -> None:
    if not Complaint.objects.exists():
        now = timezone.now()
        for hours in (1, 1, 2, 3, 4, 5, 5, 6, 7, 8):
            make_complaint(created_at=now - hours * HOUR)
    whole = listed()
    assert len(whole) == 10
    pages: list[list[str]] = []
    while not pages or pages[-1]:
        pages.append(listed(page_size=size, page=len(pages) + 1))
    assert [each for page in pages for each in page] == whole
    assert all(len(page) == size for page in pages[:-2])
    assert listed(page=10_000, page_size=size) == []


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
PLACE = st.none() | st.floats(-180, 180)
ROW = st.fixed_dictionaries(
    {
        "description": st.none() | TEXT,
        "lat": PLACE,
        "metadata": st.booleans(),
        "notes": st.lists(st.fixed_dictionaries({"summary": TEXT}), max_size=2),
    }
)


def as_read(value: Any) -> Any:
    return storable(value) if isinstance(value, str) else value


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=st.lists(ROW, max_size=3))
def test_xml_says_what_json_says(rows: list[dict[str, Any]]) -> None:
    document = xml("service_requests", rows)
    expected = [
        {
            **{name: as_read(value) for name, value in row.items()},
            "notes": [{"summary": storable(note["summary"])} for note in row["notes"]],
        }
        for row in rows
    ]
    assert plain(ElementTree.fromstring(document)) == expected  # noqa: S314
    assert document.count("<request>") == len(rows)
    assert ONE_OF["service_requests"] == "request"


def test_both_formats_of_a_list_are_alike() -> None:
    recent(1, address='1 "MAIN" <STREET> & CO\r\n\x0b', promised_median_hours=4.0,
           promised_p10_hours=1.0, promised_p90_hours=9.5, promised_by="m")  # fmt: skip
    recent(2, latitude=None, longitude=None)
    for parameters in ({}, {"extensions": "true"}):
        in_json = GeoReport().get("requests", **parameters).body
        in_json[0]["address"] = storable(in_json[0]["address"])
        assert GeoReport("xml").get("requests", **parameters).body == in_json


def test_a_feed_has_the_list_with_its_points() -> None:
    here = recent(1, address="1 \x0b MAIN & SIDE")
    recent(2, latitude=None, longitude=None)
    recent(3).close(timezone.now())
    response = Client().get(f"{ADDRESS}.rss", {"status": "open"})
    assert response["Content-Type"] == "application/rss+xml; charset=utf-8"
    items = ElementTree.fromstring(response.content).findall("channel/item")  # noqa: S314
    assert items[0].findtext("guid") == here.public_id
    points = [item.findtext("{http://www.georss.org/georss}point") for item in items]
    assert points == ["40.75 -73.85", None]
    assert items[0].findtext("link") == f"http://testserver/dashboard/complaints/{here.public_id}"


def test_geojson_has_the_list_as_features() -> None:
    here, nowhere = recent(1), recent(2, latitude=None, longitude=None)
    response = Client().get(f"{ADDRESS}.geojson", {"extensions": "true"})
    assert response["Content-Type"] == "application/geo+json"
    first, second = response.json()["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [-73.85, 40.75]}
    assert (first["id"], second["id"]) == (here.public_id, nowhere.public_id)
    assert second["geometry"] is None
    assert first["properties"]["extended_attributes"]["model_version"] is None


@pytest.mark.django_db(transaction=True)
def test_the_bulk_file_has_everything_and_is_read_by_our_own_import(tmp_path: Path) -> None:
    make_complaint(descriptor="=Loud, music", address='1 "MAIN"')
    make_complaint(closed_after_hours=3, resolution="Done.")
    response = Client().get(f"{ADDRESS}.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text)))
    assert list(rows[0]) == [
        "service_request_id", "requested_datetime", "updated_datetime", "closed_date",
        "status_description", "status_notes", "source", "service_name", "service_subtype",
        "description", "agency_responsible", "address", "lat", "long",
    ]  # fmt: skip
    assert [row["status_description"] for row in rows] == ["closed", "open"]
    assert [row["closed_date"] for row in rows] == ["2019-07-10T19:00:00Z", ""]
    assert (rows[1]["service_subtype"], rows[1]["lat"]) == ("'=Loud, music", "40.75")
    file = tmp_path / "bulk.csv"
    file.write_bytes(text.encode())
    call_command("import_complaints", file, stdout=io.StringIO())
    taken = Complaint.objects.filter(source="open311").order_by("external_id")
    assert {each.external_id for each in taken} == {row["service_request_id"] for row in rows}
    closed = taken.get(status="closed")
    assert (closed.resolution, closed.complaint_type.code) == ("Done.", "noise-residential")


# Updates -------------------------------------------------------------------------------------


@pytest.fixture
def agent() -> User:
    user = make_user("agent", "agent")
    make_agency().staff.add(user)
    return user


def updates(**parameters: Any) -> list[dict[str, Any]]:
    answered = GeoReport("xml").get("servicerequestupdates", **parameters)
    assert (answered.status, answered.root) == (200, "service_request_updates"), answered.text
    body: list[dict[str, Any]] = answered.body
    return body


def test_staff_send_updates_and_everybody_reads_them(agent: User) -> None:
    complaint = recent()
    desk = GeoReport("xml", make_key(agent)[1])
    key = {"service_request_id": complaint.public_id}
    for form, status in [
        ({"status": "IN_PROGRESS"}, "open"),
        ({"description": "Crew sent."}, "open"),
        ({"status": "CLOSED", "description": "Spoke to them."}, "closed"),
        ({"status": "open", "description": "Again."}, "open"),
    ]:
        (told,) = desk.post("servicerequestupdates", {**key, **form}).body
        assert (told["status"], told["service_request_id"]) == (status, complaint.public_id)
    found = updates(**key)
    assert [each["status"] for each in reversed(found)] == [
        "open",
        "open",
        "closed",
        "open",
        "open",
    ]
    assert {"Crew sent.", "Spoke to them.", "Again."} <= {each["description"] for each in found}
    assert set(found[0]) == {
        "update_id", "service_request_id", "status", "updated_datetime", "description",
    }  # fmt: skip
    assert updates(page=2, page_size=2) == found[2:4]
    assert updates(service_request_id="0" * 20) == []
    assert updates(end_date="2019-01-01") == []
    complaint.refresh_from_db()
    assert complaint.status == "open"


def test_whoever_filed_adds_a_remark_that_staff_read() -> None:
    key, secret = make_key()
    complaint = recent(filed_by=key.user)
    form = {"service_request_id": complaint.public_id, "description": "Still there."}
    mine = GeoReport("json", secret)
    assert mine.post("servicerequestupdates", form).status == 200
    assert mine.post("servicerequestupdates", {**form, "status": "closed"}).status == 403
    assert complaint.events.filter(text="Still there.", is_public=False).count() == 1
    assert updates() == []


def test_updates_are_for_whom_they_concern_and_have_a_form(agent: User) -> None:
    complaint = recent()
    stranger = GeoReport("json", make_key(make_user("stranger"))[1])
    desk = GeoReport("json", make_key(agent)[1])
    form = {"service_request_id": complaint.public_id, "description": "x"}
    assert GeoReport().post("servicerequestupdates", form).status == 403
    assert stranger.post("servicerequestupdates", form).status == 403
    for wrong, status in [
        ({"service_request_id": ""}, 400),
        ({"service_request_id": "0" * 20}, 404),
        ({"description": ""}, 400),
        ({"description": "x" * 4001}, 400),
        ({"status": "lost"}, 400),
        ({"status": "closed", "updated_datetime": "2000-01-01T00:00:00Z"}, 400),
        ({"updated_datetime": "2100-01-01T00:00:00Z"}, 400),
    ]:
        assert desk.post("servicerequestupdates", {**form, **wrong}).status == status, wrong
    assert complaint.events.count() == 1
