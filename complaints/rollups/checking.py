"""Checking: whether the roll-ups say exactly what the complaints say."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import connection

from complaints.rollups.grains import (
    DELTAS,
    GRAINS,
    IMAGE,
    MEASURES,
    QUEUES,
    Grain,
    Queue,
    itemised,
    itemised_images,
    measured,
)

logger = logging.getLogger(__name__)

MOST_NAMED = 20
"""How many differing cells of a table are named."""

_COMPLAINTS = f"(SELECT 1 AS sign, {IMAGE} FROM complaints_complaint)"


@dataclass(frozen=True)
class Difference:
    """A cell whose figures are not those of its complaints.

    `excess` is what it has too much of; `misplaced` counts what is in a wrong bin or in none.
    """

    table: str
    key: dict[str, object]
    excess: dict[str, int]

    def __str__(self) -> str:
        where = ", ".join(f"{name}={value}" for name, value in self.key.items())
        what = ", ".join(f"{name} {value:+}" for name, value in self.excess.items() if value)
        return f"{self.table}: {where}: {what}"


@dataclass(frozen=True)
class Verdict:
    """What a check found: how many cells differ, and some of them."""

    differing: int
    examples: tuple[Difference, ...]


def check() -> Verdict:
    """Compare every cell, folded and not yet folded, with the complaints themselves.

    Each table is compared in one statement, so complaints may change meanwhile. The verdict is
    kept for `/readyz`, and logged as an error if it is a bad one.
    """
    found = [_compare_grain(grain) for grain in GRAINS] + [_compare_queue(one) for one in QUEUES]
    verdict = Verdict(
        sum(count for count, _ in found),
        tuple(example for _, examples in found for example in examples),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE complaints_rollup_state SET checked_at = now(), differing_cells = %s",
            [verdict.differing],
        )
    if verdict.differing:
        logger.error(
            "%d cells of the roll-ups differ from the complaints: %s",
            verdict.differing,
            "; ".join(map(str, verdict.examples)),
        )
    return verdict


def _compare_grain(grain: Grain) -> tuple[int, list[Difference]]:
    key = ", ".join(grain.key)
    columns = ", ".join((*MEASURES, "count"))
    negative = ", ".join(f"-{name}" for name in (*MEASURES, "count"))
    sums = ", ".join(f"sum({name}) AS {name}" for name in MEASURES)
    differs = " OR ".join(f"sum({name}) <> 0" for name in MEASURES)
    return _differences(
        grain,
        (*MEASURES, "misplaced"),
        f"""
        SELECT {key}, {sums}, sum(abs(count)) AS misplaced, count(*) OVER () AS cells FROM (
            SELECT {key}, bin, {sums}, sum(count) AS count FROM (
                {itemised(grain)}
                UNION ALL {itemised_images(grain, f"({measured(DELTAS)}) AS waiting")}
                UNION ALL SELECT {key}, bin, {negative}
                    FROM ({itemised_images(grain, f"({measured(_COMPLAINTS)}) AS truth")}) AS base
            ) AS item ({key}, bin, {columns})
            GROUP BY {key}, bin
        ) AS bins
        GROUP BY {key} HAVING {differs} OR sum(abs(count)) <> 0
        ORDER BY {key} LIMIT {MOST_NAMED}""",
    )


def _compare_queue(queue: Queue) -> tuple[int, list[Difference]]:
    key = ", ".join(queue.key)
    filed = "WHERE basis = 'filed'"
    return _differences(
        queue,
        ("waiting",),
        f"""
        SELECT {key}, sum(waiting) AS waiting, count(*) OVER () AS cells FROM (
            SELECT {key}, waiting FROM {queue.table}
            UNION ALL SELECT {key}, complaints - closed
                FROM ({measured(DELTAS)}) AS waiting {filed}
            UNION ALL SELECT {key}, closed - complaints
                FROM ({measured(_COMPLAINTS)}) AS truth {filed}
        ) AS item
        GROUP BY {key} HAVING sum(waiting) <> 0 ORDER BY {key} LIMIT {MOST_NAMED}""",
    )


def _differences(
    table: Grain | Queue, measures: tuple[str, ...], sql: str
) -> tuple[int, list[Difference]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        rows = cursor.fetchall()
    width = len(table.key)
    examples = [
        Difference(
            table.name,
            dict(zip(table.key, row, strict=False)),
            {name: int(value) for name, value in zip(measures, row[width:-1], strict=True)},
        )
        for row in rows
    ]
    return (rows[0][-1] if rows else 0), examples
