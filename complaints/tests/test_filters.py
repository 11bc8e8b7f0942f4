"""Which complaints each query parameter chooses, and which values it refuses."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import h3.api.basic_int as h3
import h3.api.basic_str as h3_text
import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from complaints.cities import default_city
from complaints.codes import codes
from complaints.filters import about
from complaints.models import Complaint, District
from complaints.models.complaint import cell_of
from complaints.places import Circle, stored_range
from complaints.tests.factories import (
    NOON,
    make_agency,
    make_city,
    make_complaint,
    make_district,
    make_type,
)
from complaints.words import Words

PLACE = (40.75, -73.85)
CELL = cell_of(*PLACE)


def found(client: Client, **parameters: str) -> set[str]:
    response = client.get(f"/api/v1/complaints/?{urlencode(parameters)}")
    assert response.status_code == 200, response.content
    return {row["id"] for row in response.json()["results"]}


def refused(client: Client, query: str) -> list[dict[str, str]]:
    response = client.get(f"/api/v1/complaints/?{query}")
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    errors: list[dict[str, str]] = response.json()["errors"]
    return errors


@pytest.fixture
def chosen() -> Complaint:
    """The complaint that every filter below means."""
    queens = make_district("queens", name="Queens", kind=District.Kind.BOROUGH)
    chosen = make_complaint(
        complaint_type=make_type("noise", name="Noise - Loud", aliases=["racket"]),
        agency=make_agency("DEP"),
        district=make_district("queens-07", parent=queens),
        channel="phone",
        descriptor="Banging on the pipes",
        address="5 Crescent Street",
        resolution="Warned the tenant",
        description="my secret neighbour",
        promised_median_hours=1.0,
        promised_p90_hours=2.0,
        closed_after_hours=3,
    )
    Complaint.objects.filter(pk=chosen.pk).update(updated_at=NOON + timedelta(hours=4))
    return chosen


@pytest.fixture
def other() -> Complaint:
    """One that no filter below means."""
    other = make_complaint(
        complaint_type=make_type("rodent"),
        district=make_district("bronx-01"),
        channel="online",
        created_at=NOON - timedelta(days=3),
        latitude=40.85,
        longitude=-73.95,
        promised_median_hours=1.0,
        promised_p90_hours=2.0,
        closed_after_hours=1,
    )
    Complaint.objects.filter(pk=other.pk).update(updated_at=NOON - timedelta(days=1))
    return other


CHOOSING = [
    {"complaint_type": "noise"},
    {"complaint_type": "NOISE - LOUD"},
    {"complaint_type": "racket"},
    {"agency": "DEP"},
    {"district": "queens-07"},
    {"district": "queens"},
    {"channel": "phone"},
    {"channel": "mobile,phone"},
    {"created_after": "2019-07-10T12:00:00"},
    {"created_after": "2019-07-10T16:00:00Z"},
    {"closed_after": "2019-07-10T15:00:00-04:00"},
    {"updated_since": "2019-07-10T20:00:00Z"},
    {"bbox": "-73.86,40.74,-73.84,40.76"},
    {"near": "40.7501,-73.8501"},
    {"near": "40.7501,-73.8501", "radius": "9999.5"},
    {"cell": str(CELL)},
    {"cell": h3_text.int_to_str(CELL)},
    {"cell": h3_text.cell_to_parent(h3_text.int_to_str(CELL), 7)},
    {"q": "banging"},
    {"q": "crescent pipe"},
    {"q": '"warned the tenant"'},
    {"q": "loud"},
    {"q": "banging -rodent"},
    {"predicted_late": "true"},
]


@pytest.mark.django_db
@pytest.mark.parametrize("parameters", CHOOSING, ids=str)
def test_a_filter_chooses_one_of_two(
    client: Client, chosen: Complaint, other: Complaint, parameters: dict[str, str]
) -> None:
    assert found(client, **parameters) == {chosen.public_id}


@pytest.mark.django_db
def test_all_filters_together_choose_what_each_chooses(
    client: Client, chosen: Complaint, other: Complaint
) -> None:
    together = {name: text for row in CHOOSING for name, text in row.items() if name != "cell"}
    together |= {"status": "closed", "created_before": "2019-07-11", "cell": str(CELL)}
    assert found(client, **together) == {chosen.public_id}
    assert found(client, **(together | {"channel": "online"})) == set()


@pytest.mark.django_db
def test_afters_are_inclusive_and_befores_exclusive(client: Client, chosen: Complaint) -> None:
    one = {chosen.public_id}
    assert found(client, created_after="2019-07-10T16:00:00Z") == one
    assert found(client, created_after="2019-07-10T16:00:00.000001Z") == set()
    assert found(client, created_before="2019-07-10T16:00:00Z") == set()
    assert found(client, created_before="2019-07-10T16:00:00.000001Z") == one
    assert found(client, closed_before="2019-07-10T19:00:00Z") == set()
    assert found(client, closed_before="2019-07-10T19:00:00.000001Z") == one


@pytest.mark.django_db
def test_statuses_can_be_several(client: Client) -> None:
    rows = {
        "open": make_complaint(),
        "in_progress": make_complaint(status="in_progress"),
        "closed": make_complaint(closed_after_hours=1),
    }
    for status, row in rows.items():
        assert found(client, status=status) == {row.public_id}
    assert len(found(client, status="open, closed")) == 2


@pytest.mark.django_db
def test_late_is_decided_by_the_90th_percentile_and_needs_a_promise(client: Client) -> None:
    promise = {"promised_median_hours": 1.0, "promised_p90_hours": 2.0}
    now = datetime.now(UTC)
    late = {
        make_complaint(created_at=now - timedelta(hours=3), **promise).public_id,
        make_complaint(closed_after_hours=2.001, **promise).public_id,
    }
    held = {
        make_complaint(created_at=now - timedelta(hours=1), **promise).public_id,
        make_complaint(closed_after_hours=2, **promise).public_id,
    }
    make_complaint()
    assert found(client, predicted_late="true") == late
    assert found(client, predicted_late="false") == held


@pytest.mark.django_db
def test_the_private_description_is_not_searched(client: Client, chosen: Complaint) -> None:
    assert found(client, q="secret") == set()
    assert found(client, q="the") == set()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "typed", ["music", "loud party", "Music/Party", '"loud music"', "sidewalk"]
)
def test_words_beside_a_slash_are_words(client: Client, typed: str) -> None:
    street = make_type("street", name="Noise - Street/Sidewalk")
    row = make_complaint(complaint_type=street, descriptor="Loud Music/Party")
    make_complaint(descriptor="Banging/Pounding")
    assert found(client, q=typed) == {row.public_id}


@pytest.mark.django_db
def test_a_text_search_is_answered_by_its_index() -> None:
    make_type("noise", name="Noise - Loud")
    rows = about(Complaint.objects.all(), Words.read("banging noise", make_city()))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "complaint_by_text" in rows.explain()


SEARCHES = [
    ("noise crescent", {"noise"}),
    ("crescent noise loud", {"noise"}),
    ('crescent "loud noise"', set()),
    ('crescent "noise - loud"', {"noise"}),
    ("noise broadway", set()),
    ("street", {"noise", "street"}),
    ("street condition", {"street"}),
    ("street -condition", {"noise"}),
    ("street -crescent", {"street"}),
    ("street -noise", {"street"}),
    ("-noise", {"street"}),
    ("noise broadway or condition broadway", {"street"}),
    ("loud or pothole", {"noise", "street"}),
    ("the noise", {"noise"}),
    ("the", set()),
    ("or", set()),
    ("-", set()),
    ('"', set()),
    ("pothole or the", {"street"}),
    ('noise "crescent street', {"noise"}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "codes"), SEARCHES)
def test_words_may_stand_in_the_text_or_in_the_name_of_the_type(
    client: Client, text: str, codes: set[str]
) -> None:
    rows = {
        "noise": make_complaint(
            complaint_type=make_type("noise", name="Noise - Loud"), address="5 CRESCENT STREET"
        ),
        "street": make_complaint(
            complaint_type=make_type("street", name="Street Condition"),
            address="BROADWAY",
            descriptor="Pothole",
        ),
    }
    make_type("unused", name="Noise Broadway Crescent")
    assert found(client, q=text) == {rows[code].public_id for code in codes}


@pytest.mark.django_db
def test_a_type_that_is_no_longer_filed_can_still_be_looked_for(client: Client) -> None:
    row = make_complaint(complaint_type=make_type("gone", is_active=False))
    assert found(client, complaint_type="gone") == {row.public_id}


@pytest.mark.django_db
def test_another_city_is_not_listed(client: Client) -> None:
    row = make_complaint()
    make_complaint(complaint_type=make_type(city=make_city("gotham")))
    assert found(client) == {row.public_id}


@pytest.mark.django_db
@pytest.mark.parametrize(("metres", "is_within"), [(1113, True), (1111, False)])
def test_a_radius_is_exact_to_the_metre(client: Client, metres: int, is_within: bool) -> None:
    make_complaint()
    # 0.01 degrees of latitude: 6,371,008.8 m x pi / 18,000 = 1,111.95 m.
    assert bool(found(client, near="40.76,-73.85", radius=str(metres))) is is_within


@pytest.mark.django_db
@pytest.mark.parametrize("resolution", range(10))
def test_a_cell_of_any_resolution_holds_its_complaints(client: Client, resolution: int) -> None:
    row = make_complaint()
    make_complaint(latitude=None, longitude=None)
    parent = h3.cell_to_parent(CELL, resolution)
    beside = next(cell for cell in h3.grid_disk(parent, 1) if cell != parent)
    assert found(client, cell=str(parent)) == {row.public_id}
    assert found(client, cell=str(beside)) == set()


BAD = [
    ("complaint_type=nois", "/complaint_type"),
    ("agency=NONE", "/agency"),
    ("district=atlantis", "/district"),
    ("status=resolved", "/status"),
    ("status=open,", "/status"),
    ("channel=", "/channel"),
    ("created_after=yesterday", "/created_after"),
    ("created_before=2019-03-10T02:30:00", "/created_before"),
    ("closed_after=0001-01-01T00:00:00%2B14:00", "/closed_after"),
    ("closed_before=1_0", "/closed_before"),
    ("updated_since=", "/updated_since"),
    ("bbox=1,2,3", "/bbox"),
    ("bbox=-73,40,-74,41", "/bbox"),
    ("bbox=-181,40,-74,41", "/bbox"),
    ("bbox=nan,40,-74,41", "/bbox"),
    ("near=91,0", "/near"),
    ("near=1_0,0", "/near"),
    ("near=%D9%A1,0", "/near"),
    ("near=1e400,0", "/near"),
    ("near=40,-73&radius=0", "/radius"),
    ("near=40,-73&radius=10001", "/radius"),
    ("near=40,-73&radius=inf", "/radius"),
    ("near=abc&radius=5", "/near"),
    ("radius=5", "/radius"),
    ("cell=892a", "/cell"),
    ("cell=ffffffffffffffff", "/cell"),
    ("cell=8a2a100d2c27fff", "/cell"),
    ("cell=-617733151092113407", "/cell"),
    ("q=", "/q"),
    ("q=" + "x" * 201, "/q"),
    ("predicted_late=yes", "/predicted_late"),
    ("ordering=id", "/ordering"),
    ("ordering=-created_at,id", "/ordering"),
    ("page_size=0", "/page_size"),
    ("page_size=1001", "/page_size"),
    ("page_size=-1", "/page_size"),
    ("page_size=%C2%B2", "/page_size"),
    ("page_size=" + "9" * 5000, "/page_size"),
    ("cursor=garbage", "/cursor"),
    ("cursor=", "/cursor"),
    ("cursor=" + "A" * 10_000, "/cursor"),
    ("colour=red", "/colour"),
    ("created_at__lt=2019", "/created_at__lt"),
    ("a%2Fb=1", "/a~1b"),
    ("status=open&status=closed", "/status"),
    ("q=a%00b", "/q"),
    ("q=%FF", "/q"),
    ("q=%ED%A0%80", "/q"),
    ("%FF=1", "/�"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("query", "pointer"), BAD, ids=[query[:30] for query, _ in BAD])
def test_a_bad_value_is_named(client: Client, query: str, pointer: str) -> None:
    make_type("noise")
    make_complaint()
    errors = refused(client, query)
    assert [error["pointer"] for error in errors] == [pointer]
    assert len(errors[0]["detail"]) < 700


@pytest.mark.django_db
def test_a_refusal_says_what_was_got_and_what_was_expected(client: Client) -> None:
    make_city()
    (error,) = refused(client, "status=resolved")
    assert error["detail"] == "got 'resolved', expected some of open, in_progress, closed"


@pytest.mark.django_db
def test_all_bad_values_are_named_at_once(client: Client) -> None:
    make_city()
    errors = refused(client, "status=x&cell=y&bbox=z")
    assert {error["pointer"] for error in errors} == {"/status", "/cell", "/bbox"}


@pytest.mark.django_db
def test_a_detail_takes_no_parameters(client: Client) -> None:
    row = make_complaint()
    assert client.get(f"/api/v1/complaints/{row.public_id}/?status=open").status_code == 400


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("parameters", "queries"),
    [
        ({"status": "open", "near": "40.7,-73.8"}, 1),
        ({"complaint_type": "noise-residential"}, 1),
        ({"agency": "NYPD"}, 2),
        ({"q": "noise"}, 2),
    ],
    ids=str,
)
def test_a_filter_asks_the_database_for_names_only(
    client: Client,
    settings: Any,
    django_assert_num_queries: Any,
    parameters: dict[str, str],
    queries: int,
) -> None:
    for _ in range(3):
        make_complaint()
    settings.FORECAST_REFRESH_SECONDS = 3600
    default_city()
    codes.state()
    with django_assert_num_queries(queries):
        found(client, **parameters)


DEGREES = st.tuples(st.floats(-89, 89), st.floats(-180, 180))


@given(DEGREES, st.integers(0, 9))
def test_a_stored_cell_lies_in_the_range_of_each_of_its_parents(
    place: tuple[float, float], resolution: int
) -> None:
    cell = cell_of(*place)
    parent = h3.cell_to_parent(cell, resolution)
    least, greatest = stored_range(parent)
    assert least <= cell <= greatest
    for beside in h3.grid_disk(parent, 1):
        other_least, other_greatest = stored_range(beside)
        assert beside == parent or other_greatest < least or greatest < other_least


@given(
    st.tuples(st.floats(-90, 90), st.floats(-180, 180)),
    st.floats(1, 10_000),
    st.floats(0, 1),
    st.floats(0, 360),
)
def test_the_box_about_a_circle_holds_it(
    place: tuple[float, float], radius: float, share: float, bearing: float
) -> None:
    box = Circle(*place, radius).box()
    latitude, longitude = travelled(place, share * radius, bearing)
    assert box.south <= latitude <= box.north
    assert box.west <= longitude <= box.east


def travelled(place: tuple[float, float], metres: float, bearing: float) -> tuple[float, float]:
    """Where a great circle leads from a place, in degrees."""
    away = metres / 6_371_008.8
    south, west, angle = (math.radians(value) for value in (*place, bearing))
    latitude = math.asin(
        math.sin(south) * math.cos(away) + math.cos(south) * math.sin(away) * math.cos(angle)
    )
    longitude = west + math.atan2(
        math.sin(angle) * math.sin(away) * math.cos(south),
        math.cos(away) - math.sin(south) * math.sin(latitude),
    )
    return math.degrees(latitude), (math.degrees(longitude) + 180) % 360 - 180
