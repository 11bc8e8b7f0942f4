import csv
import gzip
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from complaints.models import Complaint
from complaints.rollups.checking import check
from complaints.rollups.folding import pending
from complaints.tests.factories import make_city

SAMPLE = Path(settings.BASE_DIR) / "fixtures" / "nyc" / "sample_complaints.csv.gz"
COMMAND = [sys.executable, "manage.py", "simulate_complaints"]


def simulate(*arguments: str) -> str:
    out = StringIO()
    call_command("simulate_complaints", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_by_default_it_makes_the_committed_sample() -> None:
    assert simulate() == gzip.decompress(SAMPLE.read_bytes()).decode()


def test_a_file_holds_what_standard_output_shows(tmp_path: Path) -> None:
    plain, packed = tmp_path / "week.csv", tmp_path / "week.csv.gz"
    options = ("--start", "2024-02-26", "--days", "7", "--per-day", "50", "--seed", "9")
    shown = simulate(*options)
    simulate(*options, "--output", str(plain))
    simulate(*options, "--output", str(packed))
    assert plain.read_text() == gzip.decompress(packed.read_bytes()).decode() == shown
    assert len(list(csv.reader(StringIO(shown)))) > 200


def test_the_same_options_give_the_same_packed_bytes(tmp_path: Path) -> None:
    files = [tmp_path / "one.csv.gz", tmp_path / "other.csv.gz"]
    for file in files:
        simulate("--days", "2", "--output", str(file))
    assert files[0].read_bytes() == files[1].read_bytes()


def test_it_says_how_many_it_wrote(tmp_path: Path) -> None:
    errors = StringIO()
    path = tmp_path / "day.csv"
    call_command("simulate_complaints", "--days=1", f"--output={path}", stderr=errors)
    number = len(path.read_text().splitlines()) - 1
    assert errors.getvalue() == f"{number:,} complaints written to {path}\n"


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--days=-1", "got '-1', expected a whole number from 1 to 36,525"),
        ("--days=many", "got 'many', expected a whole number"),
        ("--per-day=0", "got '0', expected a number above 0"),
        ("--per-day=nan", "got 'nan', expected a number above 0"),
        ("--per-day=6e5", "at most 500,000"),
        ("--seed=-5", "got '-5', expected a whole number from 0"),
        ("--start=yesterday", "got 'yesterday', expected a date such as 2019-04-01"),
        ("--start=0001-01-01", "expected a year from 1900 to 2199"),
    ],
)
def test_it_rejects_an_option_that_makes_no_sense(option: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        simulate(option)


def test_it_says_why_a_file_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot write .*No such file or directory"):
        simulate("--days=1", f"--output={tmp_path}/missing/day.csv")
    with pytest.raises(CommandError, match=r"cannot write .*Is a directory"):
        simulate("--days=1", f"--output={tmp_path}")


def test_a_file_that_grows_too_large_leaves_the_old_one_untouched(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text("old")
    limited = f"ulimit -f 16; exec {' '.join(COMMAND)} --days 3 --output {path}"
    done = subprocess.run(
        ["bash", "-c", limited], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == f"CommandError: cannot write {path}: File too large\n"
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_that_has_enough_ends_it_quietly() -> None:
    with subprocess.Popen(
        [*COMMAND, "--days", "20"],
        cwd=settings.BASE_DIR,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline().startswith("unique_key,created_date,")
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait() == 0


def stored(*arguments: str) -> str:
    errors = StringIO()
    call_command("simulate_complaints", "--store", *arguments, stderr=errors)
    return errors.getvalue()


@pytest.mark.django_db
def test_it_stores_what_it_would_write(tmp_path: Path) -> None:
    city = make_city()
    options = ("--start", "2024-02-26", "--days", "3", "--per-day", "50", "--seed", "9")
    rows = list(csv.DictReader(StringIO(simulate(*options))))
    assert stored(*options) == f"{len(rows)} complaints stored, 0 known before, 0 rejected\n"
    found = Complaint.objects.filter(source="simulation").order_by("external_id")
    assert [
        (one.external_id, one.complaint_type.name, city.localise(one.created_at).isoformat()[:19])
        for one in found.select_related("complaint_type")
    ] == [(row["unique_key"], row["complaint_type"], row["created_date"][:19]) for row in rows]
    assert (pending(), check().differing) == (0, 0)
    assert stored(*options) == f"0 complaints stored, {len(rows)} known before, 0 rejected\n"


@pytest.mark.django_db
def test_without_a_city_it_says_how_to_make_one() -> None:
    with pytest.raises(CommandError, match="there is no city 'nyc'"):
        stored("--days", "1", "--per-day", "1")
