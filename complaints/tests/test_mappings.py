"""One small invented file for each form of open data, with the form's quirks."""

import csv
import gzip
import io
import json
import zipfile
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from complaints.city_files import load_city
from complaints.models import Complaint, ComplaintType, District
from complaints.opendata.mapping import UnknownForm, choose, mapping_named, mappings, normalised
from complaints.tests.factories import make_city
from complaints.tests.test_import_complaints import counts, load, reasons

pytestmark = pytest.mark.django_db

CITIES = Path(__file__).parents[2] / "fixtures" / "cities"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def table(header: str, *rows: Sequence[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return text.getvalue()


def bring(path: Path, content: str | bytes, home: str = "", **options: Any) -> dict[str, int]:
    """Import a file without naming its form."""
    if home:
        load_city(CITIES / f"{home}.toml")
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    options.setdefault("observed_at", "2026-07-01")
    return counts(load(path, **options))


def only() -> Complaint:
    return Complaint.objects.select_related("city", "complaint_type", "agency", "district").get()


def values(*names: str) -> list[Any]:
    return list(Complaint.objects.order_by("external_id").values_list(*names))


@pytest.mark.parametrize(
    ("kind", "detail"),
    [
        ("Complaint Type", "Descriptor"),
        ("Problem (formerly Complaint Type)", "Problem Detail (formerly Descriptor)"),
    ],
    ids=["before 2025", "since 2025"],
)
def test_new_yorks_csv_headers_have_a_twelve_hour_clock(
    tmp_path: Path, kind: str, detail: str
) -> None:
    make_city()
    header = (
        f"Unique Key,Created Date,Closed Date,Agency,Agency Name,{kind},{detail},Location Type,"
        "Incident Zip,Incident Address,Status,Due Date,Community Board,Council District,"
        "Police Precinct,Open Data Channel Type,Latitude,Longitude"
    )
    row = (
        "61,01/08/2020 12:00:00 AM,01/08/2020 12:30:00 PM,NYPD,Police,Noise - Residential,Banging,"
        "Street,11368,1 EXAMPLE STREET,Closed,01/09/2020 01:00:00 PM,04 QUEENS,21,110,"
        "ONLINE,40.75,-73.85"
    )
    assert bring(tmp_path / "a.csv", table(header, row.split(",")))["new"] == 1
    found = only()
    assert found.created_at == at("2020-01-08 05:00")
    assert found.closed_at == at("2020-01-08 17:30")
    assert found.due_at == at("2020-01-09 18:00")
    assert (found.complaint_type.name, found.descriptor) == ("Noise - Residential", "Banging")
    assert found.district and found.district.code == "queens-04"
    assert (found.source, found.channel, found.zip) == ("nyc", "online", "11368")


def test_soda_json_writes_numbers_as_strings_and_leaves_null_keys_out(tmp_path: Path) -> None:
    make_city()
    row = {
        "unique_key": "7",
        "created_date": "2020-01-08T00:00:00.000",
        "agency": "HPD",
        "complaint_type": "PLUMBING",
        "status": "Open",
        "latitude": "40.75",
        "longitude": "-73.85",
        "location": {"type": "Point", "coordinates": [-73.85, 40.75]},
    }
    closed = row | {
        "unique_key": "8",
        "status": "Closed",
        "closed_date": "2020-01-08T04:00:00.000",
    }
    report = bring(tmp_path / "a", json.dumps([row, closed, 5, row | {"unique_key": "9\x00"}]))
    assert (report["read"], report["new"]) == (4, 2)
    assert values("external_id", "latitude", "closed_at") == [
        ("7", 40.75, None),
        ("8", 40.75, at("2020-01-08 09:00")),
    ]
    assert reasons(tmp_path / "a") == [("3", "not a JSON object"), ("4", "null byte")]


def test_json_may_be_one_object_a_line(tmp_path: Path) -> None:
    make_city()
    rows = [
        {"unique_key": str(number), "created_date": "2020-01-08T00:00:00", "status": "Open",
         "complaint_type": "Noise"}
        for number in range(25_000)
    ]  # fmt: skip
    assert bring(tmp_path / "a", "\n".join(map(json.dumps, rows)))["new"] == 25_000


def test_broken_json_loads_nothing(tmp_path: Path) -> None:
    make_city()
    whole = json.dumps([{"unique_key": "1", "created_date": "2020-01-08", "complaint_type": "N",
                         "status": "Open"}])  # fmt: skip
    with pytest.raises(CommandError, match="JSON does not end"):
        bring(tmp_path / "a", whole[:-10])
    assert not Complaint.objects.exists()


SF_CSV = (
    "CaseID,Opened,Closed,Updated,Status,Status Notes,Responsible Agency,Category,Request Type,"
    "Request Details,Address,Street,Supervisor District,Neighborhood,Police District,Latitude,"
    "Longitude,Point,Source,Media URL"
)
SF_SODA = (
    "service_request_id,requested_datetime,closed_date,updated_datetime,status_description,"
    "status_notes,agency_responsible,service_name,service_subtype,service_details,address,street,"
    "supervisor_district,neighborhoods_sffind_boundaries,police_district,lat,long,point,source,"
    "media_url"
)


@pytest.mark.parametrize(
    ("header", "opened", "closed"),
    [
        (SF_CSV, "07/08/2020 04:49:02 AM", "07/08/2020 12:00:14 PM"),
        (SF_SODA, "2020-07-08T04:49:02.000", "2020-07-08T12:00:14.000"),
    ],
    ids=["CSV header", "SODA names"],
)
def test_san_francisco(tmp_path: Path, header: str, opened: str, closed: str) -> None:
    row = [
        "11", opened, closed, closed, "Closed", "Accepted", "Noise Report Queue", "Noise Report",
        "other_noise", "a party", "1 EXAMPLE ST", "EXAMPLE ST", "7", "Inner Sunset", "TARAVAL",
        "37.758", "-122.466", "", "Mobile/Open311", "",
    ]  # fmt: skip
    no_place = ["12", opened, "", "", "Open", *row[5:15], "0.0", "0.0", "", "Web", ""]
    report = bring(tmp_path / "a.csv", table(header, row, no_place), "san-francisco")
    assert report["new"] == 2
    found = Complaint.objects.with_names().get(external_id="11")
    assert (found.city.slug, found.source) == ("san-francisco", "san-francisco")
    assert found.created_at == at("2020-07-08 11:49:02")
    assert found.closed_at == at("2020-07-08 19:00:14")
    assert (found.complaint_type.name, found.descriptor) == ("Noise Report", "other_noise")
    assert found.agency and found.agency.code == "noise-report-queue"
    assert found.district and found.district.name == "Inner Sunset"
    assert (found.latitude, found.channel) == (37.758, "mobile/open311")
    assert Complaint.objects.get(external_id="12").latitude is None


BOSTON_OLD = (
    "CASE_ENQUIRY_ID,OPEN_DT,TARGET_DT,CLOSED_DT,OnTime_Status,CASE_STATUS,CLOSURE_REASON,"
    "CASE_TITLE,SUBJECT,REASON,TYPE,QUEUE,Department,Location,neighborhood,LOCATION_ZIPCODE,"
    "LATITUDE,LONGITUDE,Source"
)
BOSTON_LEGACY = (
    "case_enquiry_id,open_dt,sla_target_dt,closed_dt,on_time,case_status,closure_reason,"
    "case_title,subject,reason,type,queue,department,location,neighborhood,location_zipcode,"
    "latitude,longitude,source"
)


@pytest.mark.parametrize("header", [BOSTON_OLD, BOSTON_LEGACY], ids=["older", "newer"])
def test_bostons_legacy_system_promises_a_date(tmp_path: Path, header: str) -> None:
    row = [
        "101", "2020-01-08 09:00:00", "2020-01-10 09:00:00", "2020-01-09 10:00:00", "ONTIME",
        "Closed", "Done", "Pick up Dead Animal", "Public Works Department", "Street Cleaning",
        "Dead Animal", "PWDx", "PWDx", "1 Example St  Boston  MA  02127", "South Boston", "02127",
        "42.34", "-71.03", "Constituent Call",
    ]  # fmt: skip
    bring(tmp_path / "a.csv", table(header, row), "boston")
    found = only()
    assert found.created_at == at("2020-01-08 14:00")
    assert (found.closed_at, found.due_at) == (at("2020-01-09 15:00"), at("2020-01-10 14:00"))
    assert found.agency and found.agency.name == "Public Works Department"
    assert (found.complaint_type.name, found.zip) == ("Dead Animal", "02127")
    assert found.channel == "constituent call"


def test_bostons_system_since_2025_writes_utc(tmp_path: Path) -> None:
    header = (
        "case_id,open_date,case_topic,service_name,assigned_department,assigned_team,case_status,"
        "closure_reason,closure_comments,close_date,target_close_date,on_time,report_source,"
        "full_address,zip_code,neighborhood,longitude,latitude"
    )
    row = [
        "BCS-1", "2026-03-20 09:00:00+00", "Lamp", "Street Light Outage", "Public Works (PWD)",
        "Lights", "In progress", "", "", "", "2026-03-23 09:00:00+00", "OVERDUE", "Call",
        "1 Example St, Boston, MA 02127", "02127", "South Boston", "-71.03", "42.34",
    ]  # fmt: skip
    naive = ["BCS-2", "2026-03-20T09:00:00", *row[2:6], "Closed", "", "", "2026-03-20T10:30:00.5"]
    bring(tmp_path / "a.csv", table(header, row, [*naive, *row[10:]]), "boston")
    assert values("created_at", "closed_at", "status") == [
        (at("2026-03-20 09:00"), None, "in_progress"),
        (at("2026-03-20 09:00"), at("2026-03-20 10:30:00.5"), "closed"),
    ]
    assert Complaint.objects.get(external_id="BCS-1").due_at == at("2026-03-23 09:00")


CHICAGO = (
    "SR_NUMBER,SR_TYPE,SR_SHORT_CODE,OWNER_DEPARTMENT,STATUS,ORIGIN,CREATED_DATE,CLOSED_DATE,"
    "STREET_ADDRESS,ZIP_CODE,DUPLICATE,PARENT_SR_NUMBER,WARD,LATITUDE,LONGITUDE"
)


@pytest.mark.parametrize("header", [CHICAGO, CHICAGO.lower()], ids=["capitals", "small letters"])
def test_chicago_in_either_case_links_duplicates(tmp_path: Path, header: str) -> None:
    rest = ["1 EXAMPLE ST", "60623"]
    place = ["24", "41.85", "-87.70"]
    rows = [
        ["SR2", "Pothole", "PHF", "CDOT", "Completed", "Phone Call", "01/08/2020 01:00:00 PM",
         "01/09/2020 12:15:00 AM", *rest, "true", "SR1", *place],
        ["SR1", "Pothole", "PHF", "CDOT", "Open", "Internet", "01/08/2020 09:00:00 AM", "",
         *rest, "false", "", *place],
        ["SR3", "Pothole", "PHF", "CDOT", "Canceled", "Mobile Device", "2020-01-08T09:00:00.000",
         "2020-01-08T10:00:00.000", *rest, "true", "SR0", *place],
        ["SR4", "Pothole", "PHF", "CDOT", "Open", "Mobile Device", "2020-01-08T09:00:00.000",
         "", *rest, "false", "SR1", *place],
    ]  # fmt: skip
    path = tmp_path / "a.csv"
    report = bring(path, table(header, *rows), "chicago")
    assert report["note: duplicate of a complaint that is not known"] == 1
    assert values("external_id", "is_duplicate", "duplicate_of__external_id", "closed_at") == [
        ("SR1", False, None, None),
        ("SR2", True, "SR1", at("2020-01-09 06:15")),
        ("SR3", True, None, at("2020-01-08 16:00")),
        ("SR4", False, None, None),
    ]
    assert District.objects.get().name == "Ward 24"
    assert counts(load(path, observed_at="2026-07-01"))["unchanged"] == 4


def test_chicagos_historical_sets_have_dates_only_and_mark_duplicates(tmp_path: Path) -> None:
    header = (
        "creation_date,status,completion_date,service_request_number,type_of_service_request,"
        "most_recent_action,street_address,zip,ward,latitude,longitude"
    )
    place = ["1 S EXAMPLE AVE", "60623", "24", "41.85", "-87.70"]
    day = "2018-12-17T00:00:00.000"
    rows = [
        [
            day,
            "Completed - Dup",
            "2018-12-31T00:00:00.000",
            "18-1",
            "Pothole in Street",
            "",
            *place,
        ],
        [day, "Open - Dup", "", "18-2", "Pothole in Street", "", *place],
        ["12/17/2018", "Completed", "12/18/2018", "18-3", "Pothole in Street", "Filled", *place],
    ]
    bring(tmp_path / "a.csv", table(header, *rows), "chicago")
    assert values("status", "is_duplicate", "created_at", "closed_at") == [
        ("closed", True, at("2018-12-17 06:00"), at("2018-12-31 06:00")),
        ("open", True, at("2018-12-17 06:00"), None),
        ("closed", False, at("2018-12-17 06:00"), at("2018-12-18 06:00")),
    ]


def test_los_angeles_writes_any_status_and_long_channels(tmp_path: Path) -> None:
    header = (
        "SRNumber,CreatedDate,UpdatedDate,ActionTaken,Owner,RequestType,Status,RequestSource,"
        "ServiceDate,ClosedDate,Address,ZipCode,Latitude,Longitude,NC,NCName"
    )
    place = ["1 W EXAMPLE AVE, 90001", "90001", "34.05", "-118.25", "52", "EXAMPLE NC"]
    rows = [
        ["1-1", "01/08/2022 12:05:00 AM", "", "", "BOS", "Bulky Items", "Closed",
         "Queue Initiated Customer Call", "", "01/09/2022 11:00:00 PM", *place],
        ["1-2", "01/08/2022 12:05:00 AM", "", "", "BOS", "Bulky Items", "Quite New Word", "Call",
         "", "", *place],
        ["1-3", "01/08/2022 12:05:00 AM", "", "", "BOS", "Bulky Items", "Other New Word", "Call",
         "", "01/09/2022 11:00:00 PM", *place],
    ]  # fmt: skip
    report = bring(tmp_path / "a.csv", table(header, *rows), "los-angeles")
    assert report["note: channel cut to 20 characters"] == 1
    assert values("created_at", "closed_at", "status") == [
        (at("2022-01-08 08:05"), at("2022-01-10 07:00"), "closed"),
        (at("2022-01-08 08:05"), None, "open"),
        (at("2022-01-08 08:05"), at("2022-01-10 07:00"), "closed"),
    ]


ST_LOUIS = (
    "CALLERTYPE,DATECANCELLED,DATEINVTDONE,DATETIMECLOSED,DATETIMEINIT,DESCRIPTION,NEIGHBORHOOD,"
    "PRJCOMPLETEDATE,PROBADDRESS,PROBADDTYPE,PROBLEMCODE,PROBZIP,REQUESTID,SRX,SRY,STATUS,SUBMITTO,"
    "WARD"
)


def st_louis_file() -> bytes:
    # The Gateway Arch: 38.6247° N, 90.1848° W is 909,1xx × 1,016,9xx US feet in Missouri East.
    rows = [
        ["CITIZEN", "", "", "2018-01-09 10:00:00", "2018-01-08 09:00:00", "Café corner", "35",
         "2018-01-12 00:00:00", "1 EXAMPLE ST", "A", "Pothole", "63101", "500", "908816.9",
         "1016743.2", "CLOSED", "Streets", "7"],
        ["CITIZEN", "2018-01-08 12:00:00", "", "", "1/8/18 9:00", "", "35", "", "1 EXAMPLE ST",
         "A", "Pothole", "63101", "501", "0", "0", "CANCEL", "Streets", "7"],
    ]  # fmt: skip
    return table(ST_LOUIS, *rows).encode("latin-1")


def test_st_louis_is_latin_1_and_measures_in_feet(tmp_path: Path) -> None:
    assert bring(tmp_path / "a.csv", st_louis_file(), "st-louis")["new"] == 2
    found = Complaint.objects.get(external_id="500")
    assert found.description == "Café corner"
    assert found.latitude == pytest.approx(38.62, abs=0.02)
    assert found.longitude == pytest.approx(-90.19, abs=0.02)
    assert found.due_at == at("2018-01-12 06:00")
    cancelled = Complaint.objects.get(external_id="501")
    assert cancelled.created_at == at("2018-01-08 15:00")
    assert cancelled.closed_at == at("2018-01-08 18:00")
    assert cancelled.latitude is None


def test_a_zip_of_a_file_a_year_is_read_whole(tmp_path: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../README.pdf", "no table")
        archive.writestr("2018.csv", st_louis_file())
        second = st_louis_file().replace(b",500,", b",600,").replace(b",501,", b",601,")
        archive.writestr("2019.csv", second)
    assert bring(tmp_path / "a", content.getvalue(), "st-louis")["new"] == 4


def test_open311_bulk_is_for_any_city(tmp_path: Path) -> None:
    header = (
        "service_request_id,requested_datetime,updated_datetime,closed_date,status_description,"
        "status_notes,source,service_name,service_subtype,description,agency_responsible,address,"
        "lat,long"
    )
    rest = ["", "web", "Pothole", "Deep", "In front of number 1", "Roads", "1 Example St"]
    rows = [
        ["1", "2020-07-08T09:00:00-05:00", "", "", "open", *rest, "41.85", "-87.70"],
        [
            "2",
            "2020-07-08T09:00:00Z",
            "",
            "2020-07-08T10:00:00Z",
            "closed",
            *rest,
            "41.85",
            "-87.70",
        ],
        ["3", "2020-07-08T09:00:00", "", "", "Open", *rest, "41.85", "-87.70"],
    ]
    bring(tmp_path / "a.csv", table(header, *rows), "chicago", city="chicago")
    assert values("created_at", "closed_at", "source") == [
        (at("2020-07-08 14:00"), None, "open311"),
        (at("2020-07-08 09:00"), at("2020-07-08 10:00"), "open311"),
        (at("2020-07-08 14:00"), None, "open311"),
    ]
    assert only_description() == {"In front of number 1"}


def only_description() -> set[str]:
    return set(Complaint.objects.values_list("description", flat=True))


def test_names_of_a_source_without_agency_codes_are_one_in_any_case(tmp_path: Path) -> None:
    long = "Department of Very Long Names and Further Long Words in General"
    rows = [
        [str(number), "07/08/2020 04:49:02 AM", "", "", "Open", "", agency, kind, *[""] * 12]
        for number, (agency, kind) in enumerate(
            [("Parks", "Tree"), ("PARKS", "TREE"), (long, "Tree"), (long + "!", "Tree")]
        )
    ]
    bring(tmp_path / "a.csv", table(SF_CSV, *rows), "san-francisco")
    kinds = values("agency__code", "complaint_type__code")
    assert kinds[0] == kinds[1] == ("parks", "tree")
    assert len({agency for agency, _ in kinds}) == 3
    assert all(len(agency) <= 50 for agency, _ in kinds)
    # Across agencies only the very same spelling is one type: TREE of Parks is not Tree.
    assert {name for _, name in kinds[2:]} == {"tree-" + long_code(long)}
    assert ComplaintType.objects.count() == 2


def long_code(name: str) -> str:
    return Complaint.objects.filter(agency__name=name).values_list("agency__code", flat=True)[0]


def test_every_mapping_is_chosen_for_its_own_columns() -> None:
    for name, mapping in mappings().items():
        header = [column for columns in mapping.columns.values() for column in columns]
        assert choose([*header, *mapping.marks]).name == name


def test_a_city_prefers_its_own_form() -> None:
    header = ["service_request_id", "requested_datetime", "closed_date", "service_name"]
    assert choose(header).name == "open311"
    both = [*header, "neighborhood", "supervisor_district"]
    assert choose(both).name == "san-francisco"


def test_a_form_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(UnknownForm, match=r"no mapping 'gotham' \(known: boston-2025, boston"):
        mapping_named("gotham")


def test_a_form_given_by_hand_must_fit(tmp_path: Path) -> None:
    make_city()
    with pytest.raises(CommandError, match="columns missing for boston: case_enquiry_id"):
        bring(tmp_path / "a.csv", table(CHICAGO), mapping="boston")


def test_the_forms_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("import_complaints", list_mappings=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(mappings())


@pytest.mark.parametrize(
    ("name", "small"),
    [
        ("Problem (formerly Complaint Type)", "problem_formerly_complaint_type"),
        ("SR_NUMBER", "sr_number"),
        (":updated_at", "updated_at"),
    ],
)
def test_headers_are_compared_in_a_small_form(name: str, small: str) -> None:
    assert normalised(name) == small


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_packing_and_encoding_are_told_by_bytes(tmp_path: Path, pack: Any) -> None:
    load_city(CITIES / "san-francisco.toml")
    for number, encoding in enumerate(["utf-8-sig", "utf-16", "cp1252"]):
        row = [str(number), "07/08/2020 04:49:02 AM", "", "", "Open", "", "Ämter", "Straße"]
        content = table(SF_CSV, [*row, *[""] * 12]).encode(encoding)
        assert bring(tmp_path / f"{number}.xyz", pack(content))["new"] == 1
        assert only_names() == {("Ämter", "Straße")}


def only_names() -> Iterable[tuple[str, str]]:
    return set(Complaint.objects.values_list("agency__name", "complaint_type__name"))


@pytest.mark.real_data
def test_san_franciscos_real_file(tmp_path: Path, shared_data: Path) -> None:
    load_city(CITIES / "san-francisco.toml")
    path = tmp_path / "a"
    path.write_bytes((shared_data / "sf311-cases.csv.gz").read_bytes())
    report = counts(load(path, observed_at=None))
    assert (report["read"], report["new"], report["rejected"]) == (8_035, 8_035, 0)
    assert Complaint.objects.closed().count() == 7_968
    assert report["note: place outside the city dropped"] == 418


@pytest.mark.real_data
def test_chicagos_real_file(tmp_path: Path, shared_data: Path) -> None:
    load_city(CITIES / "chicago.toml")
    path = tmp_path / "a"
    path.write_bytes((shared_data / "chicago-potholes.csv").read_bytes())
    report = counts(load(path, observed_at=None))
    assert (report["read"], report["new"], report["rejected"]) == (1_000, 1_000, 0)
    assert Complaint.objects.filter(is_duplicate=True).count() == 346
    assert Complaint.objects.closed().count() == 184


@pytest.mark.parametrize("policy", ["private", "redacted"])
def test_descriptions_are_published_as_the_city_says(tmp_path: Path, policy: str) -> None:
    header = "service_request_id,requested_datetime,status,service_name,description,address"
    row = ["1", "2020-07-08T09:00:00-05:00", "open", "Pothole", "Call 312-555-0142", "1 ST APT 4B"]
    load_city(CITIES / "chicago.toml")
    call_command(
        "redact_descriptions", "--city", "chicago", "--policy", policy, stdout=io.StringIO()
    )
    shown = {"private": "", "redacted": "Call [phone]"}[policy]
    for description in (row[4], f"{row[4]}!"):
        row[4] = description
        bring(tmp_path / "a.csv", table(header, row), city="chicago")
        found = only()
        assert found.description == description
        assert found.public_description == shown + ("!" if shown and "!" in description else "")
        assert (found.address, found.redaction) == ("1 ST APT 4B", f"{policy}-1")
