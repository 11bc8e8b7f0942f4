import csv
import gzip
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import h3
import pytest
from django.core.management import CommandError, call_command

from complaints.models import Agency, Complaint, ComplaintEvent, ComplaintType, District
from complaints.tests.csv_files import OPEN, ROW, write_csv
from complaints.tests.factories import make_agency, make_city, make_type

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def city() -> Any:
    return make_city()


def load(path: Path, **options: Any) -> str:
    out = StringIO()
    options.setdefault("rejects", path.with_suffix(".rejects"))
    options.setdefault("observed_at", "2019-07-17")
    call_command("import_complaints", path, stdout=out, **options)
    return out.getvalue()


def counts(report: str) -> dict[str, int]:
    lines = [line.split(maxsplit=1) for line in report.splitlines() if line.startswith(" ")]
    return {name: int(number.replace(",", "")) for number, name in lines}


def reasons(path: Path) -> list[tuple[str, str]]:
    with path.with_suffix(".rejects").open(newline="") as file:
        return [(row["row"], row["reason"]) for row in csv.DictReader(file)]


def snapshot() -> list[Any]:
    return list(Complaint.objects.order_by("id").values())


def test_it_stores_every_column_of_a_closed_complaint(tmp_path: Path) -> None:
    load(write_csv(tmp_path / "a.csv", {"due_date": "2019-07-11T12:00:00.000"}))
    complaint = Complaint.objects.with_names().get()
    assert complaint.external_id == "1"
    assert complaint.source == "nyc"
    assert complaint.created_at == datetime(2019, 7, 10, 16, 0, tzinfo=UTC)
    assert complaint.closed_at == datetime(2019, 7, 10, 22, 30, tzinfo=UTC)
    assert complaint.due_at == datetime(2019, 7, 11, 16, 0, tzinfo=UTC)
    assert complaint.observed_at == datetime(2019, 7, 17, 4, 0, tzinfo=UTC)
    assert complaint.status == Complaint.Status.CLOSED
    assert complaint.complaint_type.name == "Noise - Residential"
    assert complaint.complaint_type.code == "noise-residential"
    assert complaint.agency == Agency.objects.get(code="NYPD", name=ROW["agency_name"])
    assert complaint.district == District.objects.get(code="queens-04", parent__code="queens")
    assert (complaint.latitude, complaint.longitude) == (40.75, -73.85)
    assert complaint.cell == int(h3.latlng_to_cell(40.75, -73.85, 9), 16)
    assert (complaint.address, complaint.zip) == ("1 EXAMPLE STREET", "11368")
    assert (complaint.descriptor, complaint.channel) == ("Loud Music/Party", "phone")
    assert complaint.location_type == "Residential Building/House"
    assert complaint.resolution == "The department responded."
    assert len(complaint.public_id) == 20


def test_it_reads_gzip_whatever_the_name_says(tmp_path: Path) -> None:
    report = load(write_csv(tmp_path / "a.csv", {}, OPEN, compress=True))
    assert counts(report)["new"] == 2


def test_it_records_opening_and_closing_as_events(tmp_path: Path) -> None:
    load(write_csv(tmp_path / "a.csv", {}, OPEN))
    events = ComplaintEvent.objects.values_list("complaint__external_id", "kind", "occurred_at")
    created, closed = (
        datetime(2019, 7, 10, 16, tzinfo=UTC),
        datetime(2019, 7, 10, 22, 30, tzinfo=UTC),
    )
    assert sorted(events) == [
        ("1", "closed", closed),
        ("1", "opened", created),
        ("2", "opened", created),
    ]


def test_loading_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", {}, OPEN, {"latitude": "", "longitude": ""})
    load(path)
    before = snapshot()
    report = counts(load(path))
    assert (report["new"], report["updated"], report["unchanged"]) == (0, 0, 3)
    assert snapshot() == before
    assert ComplaintEvent.objects.count() == 5


def test_a_later_file_closes_what_was_open(tmp_path: Path) -> None:
    load(write_csv(tmp_path / "a.csv", OPEN), observed_at="2019-07-10 13:00")
    public_id = Complaint.objects.get().public_id
    report = counts(load(write_csv(tmp_path / "b.csv", {})))
    complaint = Complaint.objects.get()
    assert report["updated"] == 1
    assert complaint.status == "closed"
    assert complaint.public_id == public_id
    assert set(complaint.events.values_list("kind", flat=True)) == {"opened", "closed"}


def test_an_older_observation_never_undoes_a_later_one(tmp_path: Path) -> None:
    load(write_csv(tmp_path / "a.csv", {}))
    report = counts(load(write_csv(tmp_path / "b.csv", OPEN), observed_at="2019-07-10 13:00"))
    assert report["known from a later observation"] == 1
    assert Complaint.objects.get().status == "closed"


def test_an_open_complaint_seen_again_is_censored_later(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", OPEN)
    load(path, observed_at="2019-07-12")
    before = Complaint.objects.get()
    assert counts(load(path, observed_at="2019-07-16"))["unchanged"] == 1
    after = Complaint.objects.get()
    assert after.observed_at == datetime(2019, 7, 16, 4, tzinfo=UTC)
    assert after.updated_at == before.updated_at


def test_a_closing_date_on_an_open_complaint_is_a_placeholder(tmp_path: Path) -> None:
    report = load(write_csv(tmp_path / "a.csv", {"status": "Pending"}))
    complaint = Complaint.objects.get()
    assert (complaint.status, complaint.closed_at) == ("open", None)
    assert counts(report)["note: closing date on an open complaint ignored"] == 1


def test_a_closing_after_the_observation_is_not_known_yet(tmp_path: Path) -> None:
    load(write_csv(tmp_path / "a.csv", {}), observed_at="2019-07-10T15:00")
    complaint = Complaint.objects.get()
    assert (complaint.status, complaint.closed_at, complaint.resolution) == ("open", None, "")


def test_an_instant_closing_is_closed_but_no_evidence_of_speed(tmp_path: Path) -> None:
    load(write_csv(tmp_path / "a.csv", {"closed_date": ROW["created_date"]}))
    assert Complaint.objects.closed().count() == 1
    assert Complaint.objects.timed().count() == 0


def test_bad_rows_are_named_and_the_rest_is_loaded(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "a.csv",
        {},
        {"unique_key": ""},
        {"created_date": "yesterday"},
        {"created_date": ""},
        {"status": "Lost"},
        {"closed_date": ""},
        {"closed_date": "2019-07-10T11:59:59.000"},
        {"latitude": "north"},
        {"complaint_type": ""},
        {"created_date": "2019-07-17T00:00:01.000", **OPEN},
        {"descriptor": "x" * 201},
        {"descriptor": "a\x00b"},
        {},
    )
    report = counts(load(path))
    assert reasons(path) == [
        ("2", "no id"),
        ("3", "creation date not readable"),
        ("4", "no creation date"),
        ("5", "status unknown"),
        ("6", "closed without a closing date"),
        ("7", "closed before it was created"),
        ("8", "coordinates not readable"),
        ("9", "no complaint type"),
        ("10", "created after the observation"),
        ("11", "descriptor longer than 200 characters"),
        ("12", "null byte"),
    ]
    assert (report["read"], report["new"], report["rejected"]) == (13, 2, 11)


def test_bytes_that_are_not_utf8_cost_only_their_row(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", {}, {"descriptor": "caf\u00e9"}, {"descriptor": "XX"})
    path.write_bytes(path.read_bytes().replace(b"XX", b"caf\xe9"))
    load(path)
    assert reasons(path) == [("3", "not UTF-8")]
    assert Complaint.objects.get(external_id="2").descriptor == "café"


def test_rows_with_a_field_too_many_are_rejected(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", {}, {})
    path.write_text(path.read_text().rstrip() + ",more\n")
    load(path)
    assert reasons(path) == [("2", f"wrong number of fields (expected {len(ROW)})")]


def test_the_last_of_two_rows_with_one_id_wins(tmp_path: Path) -> None:
    report = load(write_csv(tmp_path / "a.csv", OPEN, {"unique_key": "1"}))
    assert Complaint.objects.get().status == "closed"
    assert counts(report)["note: row replaced by a later one of the same id in the file"] == 1


def test_a_place_outside_the_city_is_dropped_and_said(tmp_path: Path) -> None:
    report = load(write_csv(tmp_path / "a.csv", {"latitude": "0", "longitude": "0"}))
    complaint = Complaint.objects.get()
    assert (complaint.latitude, complaint.longitude, complaint.cell) == (None, None, None)
    assert counts(report)["note: place outside the city dropped"] == 1


def test_rows_are_chosen_by_creation_on_the_citys_clock(tmp_path: Path) -> None:
    days = [{"created_date": f"2019-07-{day:02}T00:00:00.000", **OPEN} for day in (9, 10, 11)]
    report = load(
        write_csv(tmp_path / "a.csv", *days),
        created_after="2019-07-10",
        created_before="2019-07-11",
    )
    assert Complaint.objects.get().external_id == "2"
    assert counts(report)["outside --created-after/--created-before"] == 2


def test_names_that_differ_in_case_are_one_type_within_an_agency_only(tmp_path: Path) -> None:
    dob, hpd = make_agency(code="DOB"), make_agency(code="HPD")
    make_type(code="plumbing", name="Plumbing", agency=dob)
    make_type(code="plumbing-hpd", name="PLUMBING", agency=hpd, aliases=["Pipes"])
    rows = [
        {"agency": "DOB", "complaint_type": "PLUMBING"},
        {"agency": "HPD", "complaint_type": "Plumbing"},
        {"agency": "HPD", "complaint_type": "pipes"},
        {"agency": "DOT", "complaint_type": "plumbing"},
    ]
    load(write_csv(tmp_path / "a.csv", *rows))
    found = Complaint.objects.order_by("external_id").values_list("complaint_type__code", flat=True)
    assert list(found) == ["plumbing", "plumbing-hpd", "plumbing-hpd", "plumbing-dot"]


def test_unspecified_boards_fall_back_to_their_borough(tmp_path: Path) -> None:
    boards = ["Unspecified QUEENS", "0 Unspecified", "01 STATEN ISLAND"]
    load(write_csv(tmp_path / "a.csv", *({"community_board": board} for board in boards)))
    found = Complaint.objects.order_by("external_id").values_list("district__code", flat=True)
    assert list(found) == ["queens", None, "staten-island-01"]


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        ("2018-11-04T01:30:00.000", "2018-11-04T05:30:00"),
        ("2019-03-10T02:30:00.000", "2019-03-10T07:30:00"),
    ],
    ids=["repeated in autumn: the first", "skipped in spring: an hour later"],
)
def test_local_times_around_a_clock_change(tmp_path: Path, local: str, utc: str) -> None:
    load(write_csv(tmp_path / "a.csv", {"created_date": local, **OPEN}))
    assert Complaint.objects.get().created_at == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_without_an_observation_time_the_files_latest_moment_counts(tmp_path: Path) -> None:
    load(write_csv(tmp_path / "a.csv", {}, OPEN), observed_at=None)
    assert Complaint.objects.all()[0].observed_at == datetime(2019, 7, 10, 22, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("option", "value"), [("observed_at", "soon"), ("created_after", "2019-13-01")]
)
def test_an_unreadable_moment_is_named(tmp_path: Path, option: str, value: str) -> None:
    path = write_csv(tmp_path / "a.csv", {})
    with pytest.raises(CommandError, match=f"--{option.replace('_', '-')}: got '{value}'"):
        load(path, **{option: value})


def test_a_file_without_the_needed_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,when\n1,now\n")
    with pytest.raises(CommandError, match="columns missing for nyc: unique_key, created_date"):
        load(path)


def test_a_damaged_archive_loads_nothing(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", *({} for _ in range(500)), compress=True)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CommandError, match="nothing was loaded"):
        load(path)
    assert not Complaint.objects.exists()
    assert not ComplaintType.objects.exists()


def test_an_unknown_city_says_which_are_known(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"no city 'gotham' \(known: nyc\)"):
        load(write_csv(tmp_path / "a.csv", {}), city="gotham")


def test_an_empty_file_with_a_header_is_fine(tmp_path: Path) -> None:
    assert counts(load(write_csv(tmp_path / "a.csv")))["read"] == 0


@pytest.mark.real_data
def test_a_slice_of_the_real_file(tmp_path: Path, nyc_file: Path) -> None:
    path = tmp_path / "slice.csv"
    with gzip.open(nyc_file, "rt") as whole:
        path.write_text("".join(next(whole) for _ in range(5_001)))
    report = counts(load(path, observed_at="2019-06-14T02:45"))
    assert report["read"] == 5_000
    assert report["new"] + report["rejected"] == 5_000
    assert report["rejected"] <= 2
    assert Complaint.objects.exclude(district=None).count() > 4_800
