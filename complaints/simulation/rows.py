"""Blocks as rows of NYC's open-data CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from complaints.simulation.calibration import Calibration
from complaints.simulation.choices import Integers
from complaints.simulation.closing import Instants
from complaints.simulation.engine import Block
from complaints.simulation.placing import NOWHERE

# Field names: NYC Open Data, "311 Service Requests from 2010 to Present" (erm2-nwe9), SODA 2.1.
COLUMNS = (
    "unique_key",
    "created_date",
    "closed_date",
    "agency",
    "agency_name",
    "complaint_type",
    "descriptor",
    "location_type",
    "incident_zip",
    "incident_address",
    "city",
    "community_board",
    "borough",
    "latitude",
    "longitude",
    "open_data_channel_type",
    "status",
    "resolution_description",
    "due_date",
    "resolution_action_updated_date",
)

FICTION = (
    "Example Sample Fiction Invented Fable Placeholder Figment Make-Believe Imaginary Mock "
    "Pretend Specimen Notional Virtual Template Prototype"
).upper()
STREETS = [
    f"{name} {kind}" for name in FICTION.split() for kind in ("STREET", "AVENUE", "PLACE", "LANE")
]
OUTCOMES = (
    "The {} responded and took action to fix the condition.",
    "The {} responded and found no violation at that time.",
    "The {} inspected the location and closed the complaint.",
    "The {} reviewed the complaint and gave information about it.",
)
ROWS_AT_ONCE = 10_000
"""Rows held as text at a time, however long a block is."""

Row = tuple[Any, ...]
Columns = list[list[str]]


def rows(calibration: Calibration) -> Callable[[Block], Iterator[Row]]:
    """A function that turns a block into rows in the order of COLUMNS, text or "" each."""
    in_columns = columns(calibration)

    def all_rows(block: Block) -> Iterator[Row]:
        for part in in_columns(block):
            yield from zip(*part, strict=True)

    return all_rows


def columns(calibration: Calibration) -> Callable[[Block], Iterator[Columns]]:
    """A function that turns a block into the same, some rows at a time, a list a column."""
    types, agencies, places = calibration.types, calibration.agencies, calibration.places
    outcomes = [[text.format(name) for text in OUTCOMES] for name in agencies.names]
    boroughs = [board.partition(" ")[2] for board in places.boards]
    zips = [places.zips[index] for index in places.zip_of_cell] + [""]
    cities = [places.post_cities[index] for index in places.zip_of_cell] + [""]

    def piece(block: Block, start: int) -> Columns:
        part = slice(start, start + ROWS_AT_ONCE)
        pair, board = block.pair[part], block.points.board[part]
        agency, cell = types.agency[pair], block.points.cell[part].tolist()
        created, closed = block.created[part], block.closed[part]
        is_open = np.isnat(closed)
        closings = _texts(closed)
        due = created + np.nan_to_num(types.due_hours[pair] * 3600).astype("timedelta64[s]")
        due[np.isnan(types.due_hours[pair])] = np.datetime64("NaT")
        day, first = f"{block.day:%Y%m%d}", block.first_number + start
        house = block.points.house[part].tolist()
        return [
            [f"{day}{number:06d}" for number in range(first, first + len(pair))],
            _texts(created),
            closings,
            _take(agencies.codes, agency),
            _take(agencies.names, agency),
            _take(types.names, pair),
            _take(types.descriptor_names, block.descriptor[part]),
            _take(types.location_names, block.location[part]),
            [zips[index] for index in cell],
            list(map(_address, house, cell)),
            [cities[index] for index in cell],
            _take(places.boards, board),
            _take(boroughs, board),
            _degrees(block.points.latitude[part]),
            _degrees(block.points.longitude[part]),
            _take(types.channel_names, block.channel[part]),
            _statuses(is_open.tolist(), _take(agencies.status_names, block.status[part])),
            [
                "" if is_still_open else outcomes[which][number % len(OUTCOMES)]
                for is_still_open, which, number in zip(
                    is_open.tolist(), agency.tolist(), house, strict=True
                )
            ],
            _texts(due),
            _texts(np.where(is_open, created, closed)),
        ]

    return lambda block: (piece(block, start) for start in range(0, len(block), ROWS_AT_ONCE))


def _take(names: list[str], index: Integers) -> list[str]:
    return [names[number] for number in index.tolist()]


def _texts(times: Instants) -> list[str]:
    """Times as the city writes them; "" for NaT."""
    texts = np.datetime_as_string(times, unit="ms").tolist()
    return ["" if text == "NaT" else text for text in texts]


def _degrees(values: Any) -> list[str]:
    """Degrees to five digits (about a metre); "" for NaN, which alone differs from itself."""
    return [f"{value:.5f}" if value == value else "" for value in values.tolist()]


def _statuses(is_open: list[bool], names: list[str]) -> list[str]:
    return [name if state else "Closed" for state, name in zip(is_open, names, strict=True)]


def _address(house: int, cell: int) -> str:
    """An invented address; the few streets of a cell are always the same."""
    if cell == NOWHERE:
        return ""
    street = STREETS[(7 * cell + house % 3) % len(STREETS)]
    return f"{house // 3 % 400 + 1} {street}"
