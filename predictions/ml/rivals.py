"""The simple forecasts that ours is measured beside, all learned from the same labels."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
from sklearn.ensemble import RandomForestRegressor

from .metrics import Outlook
from .survival import Floats, KaplanMeier

RECENT_DAYS = 14
FOREST_TREES = 100
# Each tree sees so many of the closed rows: memory and time stay bounded, and on New York's data
# (July 2019) the errors do not differ from those with all rows.
FOREST_ROWS_PER_TREE = 30_000


def kaplan_meier(known: pl.DataFrame, test: pl.DataFrame, since: datetime | None = None) -> Outlook:
    """Kaplan–Meier per type; of complaints filed since then, if there are any."""
    if since is not None:
        recently = known.filter(pl.col("created_at") >= since.astimezone(UTC))
        known = known if recently.is_empty() else recently
    return _per_type(known, test)


def recently(as_of: datetime) -> datetime:
    """Since when Kaplan–Meier "recent" looks back."""
    return as_of - timedelta(days=RECENT_DAYS)


def type_median(known: pl.DataFrame, test: pl.DataFrame) -> Outlook:
    """The naive one: what closed complaints of the type took, open ones forgotten."""
    return _per_type(known.filter("closed"), test)


def global_median(known: pl.DataFrame, test: pl.DataFrame) -> Outlook:
    """The same for all types together."""
    closed = _kaplan_meier(known.filter("closed"))
    return Outlook.of_groups([closed], np.zeros(test.height, np.int64))


def promise(
    hours_by_type: Mapping[str, float], test: pl.DataFrame
) -> tuple[Outlook, pl.Series] | None:
    """What the city promises, and for which rows it promises anything; None if for none."""
    hours = test["complaint_type"].replace_strict(
        hours_by_type, default=None, return_dtype=pl.Float64
    )
    if hours.null_count() == len(hours):
        return None
    return Outlook.of_hours(hours.drop_nulls().to_numpy()), hours.is_not_null()


def forest_closed_rows(known: pl.DataFrame, test: pl.DataFrame, time_zone: str) -> Outlook:
    """A random forest on closed rows: type, place, hour and weekday, as tutorials have it."""
    closed = known.filter("closed")
    kinds = {name: code for code, name in enumerate(sorted(closed["complaint_type"].unique()))}
    forest = RandomForestRegressor(
        FOREST_TREES,
        max_samples=min(FOREST_ROWS_PER_TREE, closed.height),
        random_state=0,
        n_jobs=-1,
    )
    forest.fit(_plain_features(closed, kinds, time_zone), closed["hours"].to_numpy())
    return Outlook.of_hours(forest.predict(_plain_features(test, kinds, time_zone)))


def _plain_features(frame: pl.DataFrame, kinds: Mapping[str, int], time_zone: str) -> Floats:
    local = pl.col("created_at").dt.convert_time_zone(time_zone)
    kind = pl.col("complaint_type").replace_strict(kinds, default=-1, return_dtype=pl.Float64)
    columns = frame.select(
        kind, "latitude", "longitude", hour=local.dt.hour(), day=local.dt.weekday()
    )
    return columns.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def _per_type(known: pl.DataFrame, test: pl.DataFrame) -> Outlook:
    """One estimate per type; a type not seen gets that of all rows."""
    estimates = [_kaplan_meier(known)]
    place: dict[str, int] = {}
    for (name,), rows in sorted(
        known.group_by(["complaint_type"]), key=lambda group: str(group[0])
    ):
        place[str(name)] = len(estimates)
        estimates.append(_kaplan_meier(rows))
    group = np.array([place.get(name, 0) for name in test["complaint_type"].to_list()])
    return Outlook.of_groups(estimates, group)


def _kaplan_meier(rows: pl.DataFrame) -> KaplanMeier:
    return KaplanMeier.fit(rows["hours"].to_numpy(), rows["closed"].to_numpy())
