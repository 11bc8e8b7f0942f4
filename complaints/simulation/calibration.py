"""The measured figures of a city, as arrays that the simulation can index."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from complaints.simulation.choices import Choices, Floats, Integers
from complaints.simulation.durations import Durations

HOURS_OF_WEEK = 168


class CalibrationError(ValueError):
    """The folder of figures is missing, incomplete or inconsistent."""


@dataclass(frozen=True)
class Agencies:
    """What agencies have in common; arrays are indexed by agency, in the order of `codes`."""

    codes: list[str]
    names: list[str]
    daily_variation: Floats
    date_only: Floats
    """(agencies, 2): share of closings without a time, among those within 8 h and later ones."""
    status_names: list[str]
    statuses: Choices
    closing_hours: Choices
    closing_weekdays: Floats
    """(agencies, 7): share of each weekday, as a multiple of the even share."""
    hour_scores: Floats
    """(agencies, 48): slowness by hour filed, on weekdays and then at weekends."""
    board_scores: Floats
    """(agencies, boards)"""


@dataclass(frozen=True)
class Types:
    """Pairs of a complaint type and an agency that works it; arrays are indexed by pair."""

    codes: list[str]
    names: list[str]
    agency: Integers
    rates: Floats
    """(pairs, 168): complaints an hour by hour of week, Monday 00:00 first, in the real city."""
    duration: Integers
    due_hours: Floats
    instant: Floats
    no_place: Floats
    channel_names: list[str]
    channels: Choices
    location_names: list[str]
    locations: Choices
    descriptor_names: list[str]
    descriptors: Choices
    descriptor_scores: Floats
    boards: Choices
    """Options are boards: option number modulo the number of boards."""


@dataclass(frozen=True)
class Places:
    """Boards and, within them, H3 cells of resolution 8."""

    boards: list[str]
    without_board: float
    """Share of rows without coordinates that have no board either."""
    cells: Choices
    """Options are cells, groups are boards."""
    cell_ids: list[str]
    zip_of_cell: Integers
    zips: list[str]
    post_cities: list[str]


@dataclass(frozen=True)
class Calibration:
    """All figures of a city."""

    agencies: Agencies
    types: Types
    places: Places
    durations: Durations

    @property
    def per_day(self) -> float:
        """Complaints a day in the real city."""
        return float(self.types.rates.sum() / 7)

    @classmethod
    def load(cls, folder: Path) -> Calibration:
        """Read `simulation.json`, `agencies.csv` and `complaint_types.csv` of a city's folder.

        Raises CalibrationError.
        """
        try:
            figures = json.loads((folder / "simulation.json").read_text(encoding="utf-8"))
            agency_names = _names(folder / "agencies.csv")
            type_names = _names(folder / "complaint_types.csv")
            agencies = _agencies(figures["agencies"], agency_names)
            places = _places(figures)
            durations = Durations.of(figures["durations"])
            types = _types(figures, type_names, agencies.codes)
        except OSError as error:
            raise CalibrationError(f"{error.filename}: {error.strerror}") from error
        except (KeyError, IndexError, ValueError) as error:
            raise CalibrationError(f"{folder}: {type(error).__name__} {error}") from error
        return cls(agencies, types, places, durations)


def _names(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8", newline="") as file:
        return {row["code"]: row["name"] for row in csv.DictReader(file)}


def _agencies(figures: dict[str, Any], names: dict[str, str]) -> Agencies:
    entries = list(figures.values())
    statuses = [entry["open_status"] or {"Open": 1.0} for entry in entries]
    return Agencies(
        codes=list(figures),
        names=[names[code] for code in figures],
        daily_variation=_floats(entry["daily_variation"] for entry in entries),
        date_only=_floats(entry["date_only"] for entry in entries),
        status_names=[name for options in statuses for name in options],
        statuses=Choices([list(options.values()) for options in statuses]),
        closing_hours=Choices([entry["closing_hours"] for entry in entries]),
        closing_weekdays=_floats(entry["closing_weekdays"] for entry in entries) * 7 / 1000,
        hour_scores=_floats(entry["hour_scores"] for entry in entries),
        board_scores=_floats(entry["board_scores"] for entry in entries),
    )


def _types(figures: dict[str, Any], names: dict[str, str], agencies: list[str]) -> Types:
    durations = list(figures["durations"])
    entries = [entry for entry in figures["types"] if entry["per_day"] > 0]
    profiles = [_nearest(figures["profiles"], entry) for entry in entries]
    per_hour = _floats(profiles) / _floats(profiles).sum(axis=1, keepdims=True)
    options = {key: [entry[key] for entry in entries] for key in ("channels", "location_types")}
    described = [entry["descriptors"] for entry in entries]
    return Types(
        codes=[entry["code"] for entry in entries],
        names=[names[entry["code"]] for entry in entries],
        agency=np.array([agencies.index(entry["agency"]) for entry in entries], dtype=np.int64),
        rates=per_hour * 7 * _floats(entry["per_day"] for entry in entries)[:, None],
        duration=np.array([durations.index(entry["duration"]) for entry in entries]),
        due_hours=_floats(entry["due_hours"] or np.nan for entry in entries),
        instant=_floats(entry["instant"] for entry in entries),
        no_place=_floats(entry["no_place"] for entry in entries),
        channel_names=[name for shares in options["channels"] for name in shares],
        channels=Choices([list(shares.values()) for shares in options["channels"]]),
        location_names=[name for shares in options["location_types"] for name in shares],
        locations=Choices([list(shares.values()) for shares in options["location_types"]]),
        descriptor_names=[name for group in described for name, _, _ in group],
        descriptors=Choices([[share for _, share, _ in group] for group in described]),
        descriptor_scores=_floats(score for group in described for _, _, score in group),
        boards=_board_choices(figures, entries),
    )


def _board_choices(figures: dict[str, Any], entries: list[dict[str, Any]]) -> Choices:
    # A board without a cell of its own (nothing but the unspecified one) cannot be placed.
    with_cells = {cell[1] for cell in figures["cells"]}
    has_cell = np.array([index in with_cells for index in range(len(figures["boards"]))])
    return Choices([list(_nearest(figures["board_shares"], entry) * has_cell) for entry in entries])


def _nearest(figures: dict[str, Any], entry: dict[str, Any]) -> Floats:
    """The figures of the type, else of its agency, else of the city."""
    for key in (entry["code"], entry["agency"]):
        if key in figures:
            return _floats(figures[key])
    return _floats(figures["all"])


def _places(figures: dict[str, Any]) -> Places:
    boards = figures["boards"]
    # The board without a place has no cell; a stand-in keeps the numbering whole.
    groups: list[list[list[Any]]] = [[] for _ in boards]
    for cell in figures["cells"]:
        groups[cell[1]].append(cell)
    filled = [group or [figures["cells"][0]] for group in groups]
    cells = [cell for group in filled for cell in group]
    return Places(
        boards=boards,
        without_board=figures["no_place_without_board"],
        cells=Choices([[cell[2] for cell in group] for group in filled]),
        cell_ids=[cell[0] for cell in cells],
        zip_of_cell=np.array([cell[3] for cell in cells], dtype=np.int64),
        zips=[code for code, _ in figures["zips"]],
        post_cities=[city for _, city in figures["zips"]],
    )


def _floats(values: Iterable[Any]) -> Floats:
    return np.array(list(values), dtype=np.float64)
