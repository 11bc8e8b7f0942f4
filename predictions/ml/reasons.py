"""Why a forecast is what it is: which facts about the complaint move it, and by how much.

Each fact is a group of features (`GROUPS`). In its place comes what is typical of the
complaint's type, and the change of the median is the fact's effect: so much longer or shorter than
with the usual value there, all else as it is. Effects of facts that act together do not add up to
the whole. Facts that the query does not tell are not judged, nor is the type itself, which is what
the typical values are of.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from .features import AREA_TABLE, PLACE_TABLES, Query, Row
from .header import Header
from .queue import PACE_FEATURES, QUEUE_FEATURES, Queue
from .runtime import Forecaster
from .survival import Curve

MOST = 3
LEAST_HOURS = 1 / 60
"""An effect below a minute is none."""

# Groups of columns; shares of a category table belong to the table's, places to "place", and what
# exactly is reported in which area to "descriptor", of which it tells most.
GROUPS: dict[str, tuple[str, ...]] = {
    "type": (),
    "descriptor": (),
    "agency": (),
    "location_type": (),
    "channel": ("channel",),
    "place": ("latitude", "longitude"),
    "time": (),
    "queue": tuple(name for name in QUEUE_FEATURES if name not in PACE_FEATURES),
    "pace": PACE_FEATURES,
}
OTHER_GROUPS = {AREA_TABLE: "descriptor"}


def reasons(
    forecaster: Forecaster, query: Query, queue: Queue | None, open_hours: float = 0.0
) -> list[tuple[str, float]]:
    """The facts that move the median most, at most `MOST`: group and hours, the largest first.

    Of a complaint open for `open_hours` it is the median of what remains. All replaced rows go
    through the model in one call.
    """
    header = forecaster.header
    typical = _typical(header, query.complaint_type)
    if typical is None:
        return []
    row = forecaster.encode(query, queue)
    names, rows = [], [row]
    for name, columns in _groups(tuple(header.features)):
        if not _is_told(name, query, queue):
            continue
        usual = row.copy()
        usual[columns] = typical[columns]
        if not np.array_equal(usual, row, equal_nan=True):
            names.append(name)
            rows.append(usual)
    if not names:
        return []
    edges = tuple(header.edges_hours)
    medians = [
        Curve(edges, tuple(values)).after(open_hours).quantile(0.5)
        for values in forecaster.cumulative(np.stack(rows)).tolist()
    ]
    effects = [(name, medians[0] - usual) for name, usual in zip(names, medians[1:], strict=True)]
    moving = [(name, hours) for name, hours in effects if abs(hours) >= LEAST_HOURS]
    return sorted(moving, key=lambda effect: -abs(effect[1]))[:MOST]


def _is_told(group: str, query: Query, queue: Queue | None) -> bool:
    if group in ("queue", "pace"):
        return queue is not None and queue.is_known_at(query.created_at)
    if group == "place":
        return query.district is not None or query.latitude is not None
    return group != "type" and (group == "time" or getattr(query, group) is not None)


def feature_groups(names: Iterable[str]) -> dict[str, list[int]]:
    """Group → places among `names`: what people would call one fact about a complaint."""
    groups: dict[str, list[int]] = {name: [] for name in GROUPS}
    for column, name in enumerate(names):
        groups[_group_of(name)].append(column)
    return groups


def _group_of(name: str) -> str:
    table, is_share, _ = name.partition("_closed_")
    if is_share:
        return "place" if table in PLACE_TABLES else OTHER_GROUPS.get(table, table)
    return next((group for group, names in GROUPS.items() if name in names), "time")


@lru_cache(maxsize=8)
def _groups(names: tuple[str, ...]) -> list[tuple[str, list[int]]]:
    return list(feature_groups(names).items())


def _typical(header: Header, complaint_type: str) -> Row | None:
    values = header.typical.get(complaint_type) or header.typical.get("")
    if values is None:
        return None
    # None becomes NaN.
    return np.array(values, dtype=np.float32)
