"""New York's fixtures agree with each other, and the sample with them."""

import csv
import gzip
import json
import re
import subprocess
import sys
import tomllib
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from django.conf import settings

from complaints.simulation import COLUMNS

FIXTURES = Path(settings.BASE_DIR) / "fixtures"
FOLDER = FIXTURES / "nyc"
Table = list[dict[str, str]]


def table(name: str) -> Table:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sample() -> Table:
    with gzip.open(FOLDER / "sample_complaints.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_type_codes_fit_in_an_address_and_are_unique() -> None:
    codes = [row["code"] for row in table("complaint_types.csv")]
    assert len(set(codes)) == len(codes) == 214
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) for code in codes)


def test_each_type_has_a_group_keywords_and_a_known_agency() -> None:
    agencies = {row["code"] for row in table("agencies.csv")}
    for row in table("complaint_types.csv"):
        assert row["group"], row["code"]
        assert row["keywords"], row["code"]
        assert row["agency"] in agencies


def test_no_spelling_stands_for_two_types() -> None:
    spellings = [
        name
        for row in table("complaint_types.csv")
        for name in (row["name"], *filter(None, row["aliases"].split(";")))
    ]
    assert len(set(spellings)) == len(spellings)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("other", "noise"),
        ("commercial", "noise-commercial"),
        ("park", "noise-park"),
        ("residential", "noise-residential"),
        ("street", "noise-street-sidewalk"),
        ("vehicle", "noise-vehicle"),
        ("worship", "noise-house-of-worship"),
        ("truck", "collection-truck-noise"),
    ],
)
def test_each_kind_of_noise_has_its_alias(kind: str, code: str) -> None:
    found = [
        row["code"]
        for row in table("complaint_types.csv")
        if f"noise {kind}" in row["aliases"].split(";")
    ]
    assert found == [code]


def test_districts_hang_on_boroughs() -> None:
    districts = table("districts.csv")
    boroughs = {row["code"] for row in districts if row["kind"] == "borough"}
    boards = [row for row in districts if row["kind"] == "community_board"]
    assert boroughs == {"bronx", "brooklyn", "manhattan", "queens", "staten-island"}
    assert len(boards) == 71
    assert {row["parent"] for row in boards} == boroughs
    assert {"code": "queens-07", "name": "07 QUEENS"}.items() <= next(
        row.items() for row in boards if row["code"] == "queens-07"
    )


def test_the_sample_is_seven_whole_weeks_in_order(sample: Table) -> None:
    created = [datetime.fromisoformat(row["created_date"]) for row in sample]
    assert created == sorted(created)
    assert {day.date().isocalendar().week for day in created} == set(range(14, 21))
    assert len({day.date() for day in created}) == 49
    assert len({row["unique_key"] for row in sample}) == len(sample)
    assert 28_000 < len(sample) < 32_000


def test_the_sample_has_the_columns_and_stays_small(sample: Table) -> None:
    assert tuple(sample[0]) == COLUMNS
    assert (FOLDER / "sample_complaints.csv.gz").stat().st_size < 2_000_000


def test_every_name_in_the_sample_is_in_the_fixtures(sample: Table) -> None:
    agencies = {(row["code"], row["name"]) for row in table("agencies.csv")}
    types = {row["name"] for row in table("complaint_types.csv")}
    boards = {row["name"] for row in table("districts.csv")}
    assert {(row["agency"], row["agency_name"]) for row in sample} <= agencies
    assert {row["complaint_type"] for row in sample} <= types
    unknown = {row["community_board"] for row in sample} - boards
    assert all("Unspecified" in board for board in unknown)


def test_every_place_in_the_sample_lies_in_the_city(sample: Table) -> None:
    city = tomllib.loads((FOLDER / "city.toml").read_text())
    placed = [row for row in sample if row["latitude"]]
    assert len(placed) > 0.9 * len(sample)
    for row in placed:
        assert city["south"] < float(row["latitude"]) < city["north"]
        assert city["west"] < float(row["longitude"]) < city["east"]


def test_the_sample_closes_after_filing_or_not_at_all(sample: Table) -> None:
    for row in sample:
        assert (row["status"] == "Closed") == bool(row["closed_date"])
        if row["closed_date"]:
            assert row["closed_date"] >= row["created_date"]


def test_measuring_the_sample_gives_back_what_it_was_made_from(tmp_path: Path) -> None:
    path = tmp_path / "again.json"
    subprocess.run(
        [
            sys.executable,
            FIXTURES / "calibrate.py",
            FOLDER / "sample_complaints.csv.gz",
            "--output",
            path,
        ],
        check=True,
        capture_output=True,
    )
    original = json.loads((FOLDER / "simulation.json").read_text())
    again = json.loads(path.read_text())
    found = {(entry["code"], entry["agency"]): entry for entry in again["types"]}
    for entry in original["types"][:10]:
        measured = found[entry["code"], entry["agency"]]
        # The sample is a tenth of the city.
        assert 10 * measured["per_day"] == pytest.approx(entry["per_day"], rel=0.2)
        truth = original["durations"][entry["duration"]]
        curve = again["durations"][measured["duration"]]
        median = truth["hours"][truth["shares"].index(0.5)]
        closed = np.interp(median, curve["hours"], curve["shares"])
        assert closed == pytest.approx(0.5, abs=0.08), entry["code"]


def test_the_calibration_stays_small_and_holds_no_thin_cell() -> None:
    path = FOLDER / "simulation.json"
    assert path.stat().st_size < 300_000
    assert all(
        cell[2] >= 10 and cell[2] % 10 == 0 for cell in json.loads(path.read_text())["cells"]
    )
