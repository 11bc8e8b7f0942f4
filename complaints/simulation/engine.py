"""The simulation: filings as they arrive, six hours at a time, each with its fate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from complaints.simulation.backlog import BLOCK_HOURS, Backlog, queue_of
from complaints.simulation.calibration import Calibration
from complaints.simulation.choices import Floats, Integers
from complaints.simulation.closing import Instants, closing_times
from complaints.simulation.placing import Placing, Points

WARM_UP_DAYS = 28
"""Simulated before the first day and thrown away, so that the queues are there on day one."""
PACE_SPREAD = 0.15
"""How far an agency's pace wanders, as a standard deviation of the deviate."""
PACE_MEMORY = 0.5
"""Correlation of an agency's pace from one day to the next."""
QUEUE_WEIGHT = 0.4
LEAST_NOISE = 0.3
"""Least part of the variance that nothing explains."""


@dataclass(frozen=True)
class Block:
    """Complaints of six hours, sorted by creation; arrays (n,) of indices into the calibration."""

    day: date
    first_number: int
    """Number of the block's first complaint within its day."""
    pair: Integers
    created: Instants
    closed: Instants
    points: Points
    descriptor: Integers
    channel: Integers
    location: Integers
    status: Integers

    def __len__(self) -> int:
        return len(self.pair)


class Simulation:
    """An endless stream of complaints; the same arguments give the same stream.

    `per_day` is the mean number of complaints a day. Times are local and know no daylight saving.
    """

    def __init__(self, calibration: Calibration, start: date, per_day: float, seed: int) -> None:
        self._calibration = calibration
        self._start = start
        self._scale = per_day / calibration.per_day
        self._random = np.random.default_rng(seed)
        self._placing = Placing(calibration)
        self._borough, self._boroughs = _boroughs(calibration.places.boards)
        self._backlog = Backlog(len(calibration.agencies.codes) * self._boroughs)
        self._pace = np.zeros(len(calibration.agencies.codes))
        self._mean, self._spread, self._noise = _explained(calibration)

    def days(self, number: int) -> Iterator[list[Block]]:
        """The first `number` days, each as its blocks. To be called once."""
        for index in range(-WARM_UP_DAYS, number):
            day = self._start + timedelta(days=index)
            activity = self._new_day()
            blocks: list[Block] = []
            for hour in range(0, 24, BLOCK_HOURS):
                first = sum(map(len, blocks))
                blocks.append(self._block(day, hour, activity, first))
            if index >= 0:
                yield blocks

    def _new_day(self) -> Floats:
        """Let each agency's pace wander; return how busy its day is, mean 1 (agencies,)."""
        random, agencies = self._random, self._calibration.agencies
        step = random.normal(0, PACE_SPREAD * np.sqrt(1 - PACE_MEMORY**2), len(self._pace))
        self._pace = PACE_MEMORY * self._pace + step
        shape = agencies.daily_variation**-2
        return random.gamma(shape, 1 / shape)

    def _block(self, day: date, hour: int, activity: Floats, first_number: int) -> Block:
        random, types = self._random, self._calibration.types
        pair, created = self._arrivals(day, hour, activity)
        agency = types.agency[pair]
        points = self._placing.draw(pair, random)
        descriptor = types.descriptors.pick(pair, random)
        hours = self._hours(pair, created, points.board, descriptor)
        is_instant = random.random(len(pair)) < types.instant[pair]
        agencies = self._calibration.agencies
        closed = closing_times(created, hours, is_instant, agency, agencies, random)
        queue = queue_of(agency, self._borough[points.board], self._boroughs)
        self._backlog.advance(queue[~is_instant], hours[~is_instant])
        return Block(
            day=day,
            first_number=first_number,
            pair=pair,
            created=created,
            closed=closed,
            points=points,
            descriptor=descriptor,
            channel=types.channels.pick(pair, random),
            location=types.locations.pick(pair, random),
            status=agencies.statuses.pick(agency, random),
        )

    def _arrivals(self, day: date, hour: int, activity: Floats) -> tuple[Integers, Instants]:
        """Pairs and creation times of the block from `hour` on, sorted by time."""
        types, random = self._calibration.types, self._random
        first = day.weekday() * 24 + hour
        busy = self._scale * activity[types.agency]
        counts = random.poisson(types.rates[:, first : first + BLOCK_HOURS] * busy[:, None])
        slot = np.repeat(np.arange(counts.size), counts.ravel())
        pair, in_hour = slot // BLOCK_HOURS, slot % BLOCK_HOURS
        seconds = (hour + in_hour) * 3600 + random.integers(0, 3600, len(slot))
        order = np.argsort(seconds, kind="stable")
        return pair[order], np.datetime64(day, "s") + seconds[order]

    def _hours(
        self, pair: Integers, created: Instants, board: Integers, descriptor: Integers
    ) -> Floats:
        """Hours to closing; infinite for never.

        What makes a complaint slow adds up to a standard normal deviate, which is then looked up
        in the quantiles of its type: the type's distribution stays as measured, whatever the
        weights of the causes.
        """
        calibration, types = self._calibration, self._calibration.types
        agency = types.agency[pair]
        seconds = created.astype(np.int64)
        days = seconds // 86_400
        is_weekend = (days + 3) % 7 >= 5  # 1970-01-01 was a Thursday
        hour = seconds // 3600 % 24 + 24 * is_weekend
        queue = queue_of(agency, self._borough[board], self._boroughs)
        slowness = (
            types.descriptor_scores[descriptor]
            + calibration.agencies.board_scores[agency, board]
            + calibration.agencies.hour_scores[agency, hour]
            - self._mean[pair]
            + self._pace[agency]
            + QUEUE_WEIGHT * self._backlog.pressure()[queue]
            + self._random.normal(0, 1, len(pair)) * self._noise[pair]
        )
        return calibration.durations.hours(types.duration[pair], slowness / self._spread[pair])


def _boroughs(boards: list[str]) -> tuple[NDArray[np.int64], int]:
    """Each board's borough as a number, and how many there are."""
    names = [board.partition(" ")[2] for board in boards]
    known = sorted(set(names))
    return np.array([known.index(name) for name in names], dtype=np.int64), len(known)


def _explained(calibration: Calibration) -> tuple[Floats, Floats, Floats]:
    """Of each pair: mean of the known causes, spread of the whole, spread of the noise.

    The noise fills the variance up to 1, but is never less than LEAST_NOISE of it.
    """
    types, agencies = calibration.types, calibration.agencies
    boards = len(calibration.places.boards)
    board = np.arange(len(types.boards.shares)) % boards
    board_score = agencies.board_scores[types.agency[types.boards.group_of], board]
    hour = np.concatenate([np.tile(np.arange(24), 5), np.tile(np.arange(24, 48), 2)])
    weights = types.rates / types.rates.sum(axis=1, keepdims=True)
    hour_score = agencies.hour_scores[types.agency][:, hour]
    hour_mean = (weights * hour_score).sum(axis=1)
    mean = (
        types.descriptors.mean(types.descriptor_scores) + types.boards.mean(board_score) + hour_mean
    )
    known = (
        types.descriptors.variance(types.descriptor_scores)
        + types.boards.variance(board_score)
        + (weights * hour_score**2).sum(axis=1)
        - hour_mean**2
        + PACE_SPREAD**2
    )
    noise = np.maximum(1 - known, LEAST_NOISE)
    return mean, np.sqrt(known + noise), np.sqrt(noise)
