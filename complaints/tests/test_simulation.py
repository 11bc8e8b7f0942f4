"""The simulation against the figures it was calibrated with.

Tolerances allow for chance: agencies' days vary by a fifth, their pace wanders by 0.15 of a normal
deviate, so sixty days leave about 3 % in volumes and 0.03 in shares of rows.
"""

import csv
import io
import tracemalloc
from collections.abc import Callable
from datetime import date
from pathlib import Path

import h3.api.basic_str as h3
import numpy as np
import pytest
from django.conf import settings

from complaints.simulation import COLUMNS, Block, Calibration, CalibrationError, Simulation, rows
from complaints.simulation.durations import SHARES
from complaints.simulation.output import whole_file, write_csv

FOLDER = Path(settings.BASE_DIR) / "fixtures" / "nyc"
MONDAY = date(2019, 4, 1)
DAYS = 60
PER_DAY = 6000


@pytest.fixture(scope="module")
def city() -> Calibration:
    return Calibration.load(FOLDER)


@pytest.fixture(scope="module")
def blocks(city: Calibration) -> list[Block]:
    days = Simulation(city, MONDAY, PER_DAY, seed=5).days(DAYS)
    return [block for day in days for block in day]


def joined(blocks: list[Block], column: Callable[[Block], np.ndarray]) -> np.ndarray:
    return np.concatenate([column(block) for block in blocks])


@pytest.fixture(scope="module")
def pair(blocks: list[Block]) -> np.ndarray:
    return joined(blocks, lambda block: block.pair)


@pytest.fixture(scope="module")
def created(blocks: list[Block]) -> np.ndarray:
    return joined(blocks, lambda block: block.created)


@pytest.fixture(scope="module")
def hours(blocks: list[Block], created: np.ndarray) -> np.ndarray:
    """Hours to closing; infinite for never."""
    closed = joined(blocks, lambda block: block.closed)
    seconds = (closed - created).astype(np.float64)
    return np.where(np.isnat(closed), np.inf, seconds / 3600)


def big_pairs(city: Calibration, per_day: float) -> list[int]:
    return [
        index for index, rates in enumerate(city.types.rates) if rates.sum() / 7 * per_day >= 50
    ]


def test_it_files_as_many_a_day_as_asked(pair: np.ndarray) -> None:
    assert len(pair) / DAYS == pytest.approx(PER_DAY, rel=0.04)


def test_each_large_type_has_its_measured_share(city: Calibration, pair: np.ndarray) -> None:
    measured = city.types.rates.sum(axis=1) / city.types.rates.sum()
    found = np.bincount(pair, minlength=len(measured)) / len(pair)
    large = measured > 0.005
    assert large.sum() > 30
    assert found[large] == pytest.approx(measured[large], rel=0.15)


def test_noise_follows_its_hours_of_the_week(
    city: Calibration, pair: np.ndarray, created: np.ndarray
) -> None:
    noise = city.types.codes.index("noise-residential")
    hour = (created[pair == noise].astype("datetime64[h]").astype(int) - 4 * 24) % 168
    found = np.bincount(hour, minlength=168) / len(hour)
    rates = city.types.rates[noise]
    measured = rates / rates.sum()
    assert np.corrcoef(found, measured)[0, 1] > 0.97
    assert np.abs(found - measured).sum() < 0.15


def test_half_of_a_large_type_is_closed_by_its_measured_median(
    city: Calibration, pair: np.ndarray, hours: np.ndarray
) -> None:
    for index in big_pairs(city, 1):
        if city.agencies.date_only[city.types.agency[index]].max() > 0.1:
            continue  # their closings are moved to midnight
        own = hours[pair == index]
        own = own[own > 0]
        table = np.exp(city.durations.log_hours[city.types.duration[index]])
        for share in (0.25, 0.5, 0.75):
            if share < city.durations.closed_share[city.types.duration[index]]:
                measured = np.interp(share, SHARES, table)
                # Office hours move a closing within its day.
                early, late = (own <= measured - 6).mean(), (own <= measured + 6).mean()
                middle = (own <= measured).mean()
                assert early - 0.07 < share < late + 0.07, city.types.codes[index]
                assert middle == pytest.approx(share, abs=0.12), city.types.codes[index]


def test_as_many_stay_open_as_were_never_seen_to_close(
    city: Calibration, pair: np.ndarray, hours: np.ndarray
) -> None:
    for index in big_pairs(city, 1):
        own = hours[(pair == index) & (hours > 0)]
        measured = 1 - city.durations.closed_share[city.types.duration[index]]
        assert np.isinf(own).mean() == pytest.approx(measured, abs=0.04), city.types.codes[index]


def test_instant_closings_have_their_share(
    city: Calibration, pair: np.ndarray, hours: np.ndarray
) -> None:
    expected = city.types.instant[pair].mean()
    assert (hours == 0).mean() == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize("agency", ["DOB", "DOHMH", "DSNY"])
def test_date_only_closings_have_their_share(
    city: Calibration, blocks: list[Block], pair: np.ndarray, hours: np.ndarray, agency: str
) -> None:
    closed = joined(blocks, lambda block: block.closed)
    index = city.agencies.codes.index(agency)
    chosen = (city.types.agency[pair] == index) & (hours >= 8) & np.isfinite(hours)
    is_midnight = closed[chosen].astype(np.int64) % 86_400 == 0
    expected = city.agencies.date_only[index, 1]
    assert is_midnight.mean() == pytest.approx(expected, abs=0.05)


def test_places_are_missing_as_often_as_measured(
    city: Calibration, blocks: list[Block], pair: np.ndarray
) -> None:
    latitude = joined(blocks, lambda block: block.points.latitude)
    assert np.isnan(latitude).mean() == pytest.approx(city.types.no_place[pair].mean(), abs=0.003)


def test_a_slow_board_is_slower_than_a_quick_one(
    city: Calibration, blocks: list[Block], pair: np.ndarray, hours: np.ndarray
) -> None:
    board = joined(blocks, lambda block: block.points.board)
    noise = city.types.codes.index("noise-residential")
    count = np.bincount(board[pair == noise], minlength=len(city.places.boards))
    scores = np.where(count > 200, city.agencies.board_scores[city.types.agency[noise]], np.nan)
    medians = [
        np.median(hours[(pair == noise) & (board == which)])
        for which in (np.nanargmin(scores), np.nanargmax(scores))
    ]
    assert medians[1] > 1.5 * medians[0]


def test_a_slow_descriptor_is_slower_than_a_quick_one(
    city: Calibration, blocks: list[Block], pair: np.ndarray, hours: np.ndarray
) -> None:
    descriptor = joined(blocks, lambda block: block.descriptor)
    own = np.flatnonzero(
        (city.types.descriptors.group_of == city.types.codes.index("street-condition"))
        & (city.types.descriptors.shares > 0.05)
    )
    scores = city.types.descriptor_scores[own]
    quick, slow = own[scores.argmin()], own[scores.argmax()]
    assert np.median(hours[descriptor == slow]) > 1.5 * np.median(hours[descriptor == quick])


def test_points_lie_in_their_cell(city: Calibration, blocks: list[Block]) -> None:
    points = blocks[10].points
    placed = points.cell >= 0
    assert 0 < placed.sum() < len(placed)
    assert not np.isnan(points.latitude[placed]).any()
    assert np.isnan(points.latitude[~placed]).all()
    for cell, latitude, longitude in zip(
        points.cell[placed], points.latitude[placed], points.longitude[placed], strict=True
    ):
        assert h3.latlng_to_cell(latitude, longitude, 8) == city.places.cell_ids[cell]


def test_some_complaints_repeat_another_of_their_type_and_place(blocks: list[Block]) -> None:
    places = [
        (block.pair[row], block.points.latitude[row], block.points.longitude[row])
        for block in blocks[:40]
        for row in np.flatnonzero(block.points.cell >= 0)
    ]
    repeated = 1 - len(set(places)) / len(places)
    assert 0.02 < repeated < 0.08


def test_complaints_come_sorted_and_inside_the_days(created: np.ndarray) -> None:
    assert (np.diff(created) >= np.timedelta64(0)).all()
    assert created[0] >= np.datetime64(MONDAY)
    assert created[-1] < np.datetime64(MONDAY) + DAYS


def text_of(city: Calibration, days: int, per_day: float, seed: int) -> str:
    file = io.StringIO()
    write_csv(file, Simulation(city, MONDAY, per_day, seed).days(days), rows(city))
    return file.getvalue()


def test_the_same_seed_gives_the_same_rows_and_another_seed_others(city: Calibration) -> None:
    assert text_of(city, 2, 300, seed=1) == text_of(city, 2, 300, seed=1)
    assert text_of(city, 2, 300, seed=1) != text_of(city, 2, 300, seed=2)


def test_more_days_begin_with_the_same_complaints(city: Calibration) -> None:
    assert text_of(city, 5, 300, seed=1).startswith(text_of(city, 3, 300, seed=1))


def test_rows_read_back_from_csv_are_the_block(city: Calibration, blocks: list[Block]) -> None:
    file = io.StringIO()
    assert write_csv(file, [blocks[:4]], rows(city)) == sum(map(len, blocks[:4]))
    file.seek(0)
    read = list(csv.DictReader(file))
    assert tuple(read[0]) == COLUMNS
    assert len({row["unique_key"] for row in read}) == len(read) == sum(map(len, blocks[:4]))
    created = np.array([row["created_date"] for row in read], dtype="datetime64[s]")
    closed = np.array([row["closed_date"] or "NaT" for row in read], dtype="datetime64[s]")
    assert (created == joined(blocks[:4], lambda block: block.created)).all()
    is_open = np.isnat(joined(blocks[:4], lambda block: block.closed))
    assert (np.isnat(closed) == is_open).all()
    assert [row["status"] == "Closed" for row in read] == (~is_open).tolist()
    latitude = np.array([float(row["latitude"] or "nan") for row in read])
    expected = joined(blocks[:4], lambda block: block.points.latitude)
    assert latitude == pytest.approx(expected, abs=1e-5, nan_ok=True)


def test_it_holds_a_small_part_of_what_it_writes(city: Calibration) -> None:
    stream = Simulation(city, MONDAY, 500, seed=1).days(60)
    written = 0
    tracemalloc.start()
    try:
        for blocks_of_day in stream:
            for block in blocks_of_day:
                written += sum(len(",".join(row)) for row in rows(city)(block))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert written > 9_000_000
    assert peak < 2_000_000


def test_it_says_which_calibration_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CalibrationError, match=r"simulation\.json: No such file"):
        Calibration.load(tmp_path)


def test_it_rejects_a_calibration_that_lacks_a_figure(tmp_path: Path) -> None:
    for name in ("agencies.csv", "complaint_types.csv"):
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    (tmp_path / "simulation.json").write_text("{}")
    with pytest.raises(CalibrationError, match="KeyError 'agencies'"):
        Calibration.load(tmp_path)


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "sample.csv"
    path.write_text("old")
    with pytest.raises(RuntimeError, match="interrupted"), whole_file(path) as file:
        file.write("new, but not whole")
        raise RuntimeError("interrupted")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
