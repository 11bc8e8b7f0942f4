"""Invented points: anywhere in a coarse map cell, so that no real place is repeated."""

from __future__ import annotations

from dataclasses import dataclass

import h3.api.basic_str as h3
import numpy as np

from complaints.simulation.calibration import Calibration
from complaints.simulation.choices import Floats, Integers

# Share of complaints that repeat the place of one before of the same type in the same block. At
# the real city's volume 7 % then share type, point and hour with another, as measured (7.3 %).
REPEATED = 0.045
NOWHERE = -1


@dataclass(frozen=True)
class Points:
    """Where each row is; without coordinates `cell` is -1 and the degrees are NaN."""

    board: Integers
    cell: Integers
    latitude: Floats
    longitude: Floats
    house: Integers
    """A number that stands for the address within its cell."""


class Placing:
    """Draws boards, cells and points."""

    def __init__(self, calibration: Calibration) -> None:
        self._types = calibration.types
        self._places = calibration.places
        self._corners = _corners(calibration.places.cell_ids)

    def draw(self, pair: Integers, random: np.random.Generator) -> Points:
        """A place for each row, by its type and agency (n,)."""
        boards = len(self._places.boards)
        board = self._types.boards.pick(pair, random) % boards
        cell = self._places.cells.pick(board, random)
        point = self._inside(cell, random)
        house = random.integers(0, 1_000_000, len(pair))
        leader = _leaders(pair, random)
        lost = random.random(len(pair)) < self._types.no_place[pair]
        homeless = lost & (random.random(len(pair)) < self._places.without_board)
        nowhere = self._places.boards.index("0 Unspecified")
        return Points(
            board=np.where(homeless, nowhere, board[leader]),
            cell=np.where(lost, NOWHERE, cell[leader]),
            latitude=np.where(lost, np.nan, point[leader, 0]),
            longitude=np.where(lost, np.nan, point[leader, 1]),
            house=house[leader],
        )

    def _inside(self, cell: Integers, random: np.random.Generator) -> Floats:
        """Points (n, 2) spread evenly over each row's hexagon.

        A hexagon is six equal triangles around its centre; (a, b) folded at a + b = 1 is even
        over a triangle.
        """
        corner = random.integers(0, 6, len(cell))
        a, b = random.random((2, len(cell), 1))
        folded = a + b > 1
        a, b = np.where(folded, 1 - a, a), np.where(folded, 1 - b, b)
        corners = self._corners[cell]
        rows = np.arange(len(cell))
        centre = corners.mean(axis=1)
        first, second = corners[rows, corner], corners[rows, (corner + 1) % 6]
        return np.asarray(centre + a * (first - centre) + b * (second - centre))


def _corners(cells: list[str]) -> Floats:
    corners = np.array([h3.cell_to_boundary(cell) for cell in cells])
    if corners.shape[1:] != (6, 2):
        raise ValueError(f"expected hexagons with six corners, got {corners.shape[1:]}")
    return corners


def _leaders(pair: Integers, random: np.random.Generator) -> Integers:
    """For each row the row whose place it takes: its own, or that of one before of its type."""
    order = np.argsort(pair, kind="stable")
    follows = random.random(len(pair)) < REPEATED
    follows &= np.concatenate([[False], pair[order][1:] == pair[order][:-1]])[: len(pair)]
    first = np.maximum.accumulate(np.where(follows, 0, np.arange(len(pair))))
    leader = np.empty(len(pair), dtype=np.int64)
    leader[order] = order[first]
    return leader
