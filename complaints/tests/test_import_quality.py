"""What an import finds odd is counted by agency, with ids."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import CommandError

from complaints.models import City, Import
from complaints.opendata.checks import CHECKS
from complaints.opendata.quality import Quality
from complaints.opendata.rejects import Rejects, safe_cell
from complaints.tests.csv_files import OPEN, write_csv
from complaints.tests.factories import make_agency, make_city, make_type
from complaints.tests.test_import_complaints import load

pytestmark = pytest.mark.django_db

CLOSED = "2019-07-10T18:30:00.000"
MORNING = "2019-07-10T12:00:00.000"
ODD: dict[str, dict[str, str]] = {
    "closed_before_creation": {"closed_date": "2019-07-10T11:00:00.000"},
    "closed_at_creation": {"closed_date": MORNING},
    "closed_before_1950": {"closed_date": "1900-01-01T00:00:01.000", "status": "Open"},
    "closed_in_future": {"closed_date": "2019-07-20T18:30:00.000"},
    "created_in_future": {**OPEN, "created_date": "2019-07-20T18:30:00.000"},
    "closed_at_midnight": {"closed_date": "2019-07-11T00:00:00.000"},
    "closed_without_date": {"closed_date": ""},
    "dated_but_open": {"status": "Pending"},
    "no_place": {"latitude": "0", "longitude": "0.0"},
    "outside_the_city": {"latitude": "10"},
    "unknown_type": {"complaint_type": "Something New"},
}


@pytest.fixture(autouse=True)
def _noise() -> None:
    make_city()
    make_type(name="Noise - Residential", agency=make_agency())


def rows(check: str) -> int:
    found = Import.objects.latest("id").report[check]
    assert sum(found["by_agency"].values()) == found["rows"]
    return int(found["rows"])


@pytest.mark.parametrize("check", ODD)
def test_it_counts_by_agency_and_gives_an_example(tmp_path: Path, check: str) -> None:
    load(write_csv(tmp_path / "a.csv", {}, ODD[check], {"latitude": "40.76"}))
    found = Import.objects.get().report[check]
    assert (found["rows"], found["by_agency"]) == (1, {"NYPD": 1})
    assert found["examples"] == (["Something New"] if check == "unknown_type" else ["2"])


def test_a_clean_file_has_nothing_odd(tmp_path: Path) -> None:
    load(write_csv(tmp_path / "a.csv", {}, {"latitude": "40.76"}))
    report = Import.objects.get().report
    assert set(report) == set(CHECKS)
    assert {found["rows"] for found in report.values()} == {0}


def test_repeated_ids_and_reports_are_counted(tmp_path: Path) -> None:
    load(write_csv(tmp_path / "a.csv", {}, {"unique_key": "1"}, {}, {}))
    assert (rows("repeated_id"), rows("repeated_report")) == (1, 2)


def test_a_row_that_a_later_one_replaces_names_nothing(tmp_path: Path) -> None:
    new = {"complaint_type": "Something New", "agency": "XYZ", "community_board": "99 NOWHERE"}
    load(write_csv(tmp_path / "a.csv", {"unique_key": "1", **new}, {"unique_key": "1"}, {}))
    assert (rows("repeated_id"), rows("unknown_type")) == (1, 0)
    named = City.objects.values_list("complaint_types__name", "agencies__code", "districts__name")
    assert not {"Something New", "XYZ", "99 NOWHERE"} & {one for row in named for one in row}


def test_names_that_differ_in_case_are_twins_within_an_agency(tmp_path: Path) -> None:
    kinds = ["Plumbing", "Plumbing", "PLUMBING"]
    others = [{"agency": "DOB", "complaint_type": "PLUMBING"}] * 2
    changes = [{"agency": "HPD", "complaint_type": kind} for kind in kinds]
    load(write_csv(tmp_path / "a.csv", *changes, *others))
    assert Import.objects.get().report["case_twin"]["by_agency"] == {"HPD": 1}


def test_a_report_adds_up_over_batches() -> None:
    whole, part = Quality(), Quality()
    part.add("no_place", "HPD", 2, ["1", "2"])
    whole.merge(part)
    whole.merge(part)
    assert whole.report()["no_place"] == {
        "rows": 4,
        "by_agency": {"HPD": 4},
        "examples": ["1", "2", "1", "2"],
    }


def test_the_row_of_an_import_tells_its_whole_story(tmp_path: Path) -> None:
    load(write_csv(tmp_path / "a.csv", {}, OPEN, {"unique_key": ""}))
    run = Import.objects.get()
    assert (run.status, run.origin, run.name) == ("done", "file", "a.csv")
    assert (run.mapping, run.city.slug if run.city else "") == ("nyc", "nyc")
    assert run.counts["read"] == 3
    assert run.counts["reasons"] == {"no id": 1}
    assert len(run.sha256) == 64
    assert run.observed_at == datetime(2019, 7, 17, 4, tzinfo=UTC)
    assert run.started_at and run.finished_at and run.started_at <= run.finished_at
    assert b"no id" in gzip.decompress(run.rejects)


def test_an_import_that_fails_says_why(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", *({} for _ in range(500)), compress=True)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(CommandError):
        load(path)
    run = Import.objects.first()
    assert run is None or (run.status == "failed" and "cannot be read to its end" in run.error)


@pytest.mark.parametrize("text", ["=1+1", "+cmd", "-cmd", "@x", "\tx", "\rx"])
def test_a_rejected_row_is_no_formula(text: str) -> None:
    rejects = Rejects()
    rejects.add(1, "no id", text)
    assert f'1,no id,"\'{text}"' in gzip.decompress(rejects.packed()).decode().replace(
        f"'{text}", f'"\'{text}"'
    ).replace('""', '"')
    assert safe_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-73.85", "+1", "text", "1e5", ""])
def test_a_number_stays_a_number(text: str) -> None:
    assert safe_cell(text) == text


def test_only_so_many_rejected_rows_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("complaints.opendata.rejects.MOST_ROWS", 3)
    rejects = Rejects()
    for number in range(10):
        rejects.add(number, "no id", "x")
    assert rejects.count == 10
    assert gzip.decompress(rejects.packed()).count(b"\n") == 4


def test_rejects_of_two_parts_are_one_file() -> None:
    first = Rejects()
    first.add(1, "no id", "x")
    second = Rejects(first.packed())
    second.add(2, "no id", "y")
    assert gzip.decompress(second.packed()) == (b"row,reason,record\r\n1,no id,x\r\n2,no id,y\r\n")
    assert Rejects().packed() == b""
