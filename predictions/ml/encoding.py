"""Learning the encoding: how fast each category closes, with censored rows counted.

Each category gets a discrete-time life table. Its hazards are shrunken towards those of the
wider category by adding `PRIOR_ROWS` rows that behave like the wider one, so a rare descriptor
looks like its type and a new type like its agency. Recent rows weigh more.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from .features import PARENTS, TABLES, Encoding, cell_of
from .survival import EDGES_HOURS, Booleans, Floats, exposure

HORIZONS_HOURS = [2.0, 6.0, 24.0, 72.0, 168.0, 336.0]
PRIOR_ROWS = 5.0
# A category seen fewer times tells less than its wider one; leaving it out keeps the header small.
FEWEST_ROWS = 5
CELL_SAMPLE_ROWS = 300_000
DIGITS = 5
# A season is known once it was seen in two years.
SEASONS_DAYS = 540
# With no data at all: one in ten closes in each bin.
FLAT_HAZARD = 0.1


def fit_encoding(
    frame: pl.DataFrame, weights: Floats, time_zone: str, holidays: frozenset[date]
) -> Encoding:
    """Learn from labelled complaints (`labels.labels_as_of`) and a weight for each, (n,)."""
    return Encoding(
        time_zone=time_zone,
        holidays=holidays,
        knows_seasons=_days_spanned(frame) >= SEASONS_DAYS,
        horizons_hours=HORIZONS_HOURS,
        typical_agency=_most_frequent(frame, "complaint_type", "agency"),
        typical_district=_typical_districts(frame),
        areas=_most_frequent(frame, "district", "area"),
        channels=_channels(frame),
        statistics=_statistics(frame, weights),
    )


def federal_holidays(first: date, last: date) -> frozenset[date]:
    """US federal holidays from the year of `first` to that of `last`."""
    import holidays

    return frozenset(holidays.country_holidays("US", years=range(first.year, last.year + 1)))


def _days_spanned(frame: pl.DataFrame) -> int:
    days = frame.select((pl.col("created_at").max() - pl.col("created_at").min()).dt.total_days())
    return int(days.item())


def _most_frequent(frame: pl.DataFrame, of: str, value: str) -> dict[str, str]:
    pairs = frame.select(of, value).drop_nulls().group_by(of, value).len()
    # Equal counts are settled by name, so that training twice gives the same bytes.
    first = pairs.sort("len", value, descending=[True, False]).unique(of, keep="first")
    return dict(first.sort(of).select(of, value).iter_rows())


def _typical_districts(frame: pl.DataFrame) -> dict[str, str]:
    places = frame.select("district", "latitude", "longitude").drop_nulls().tail(CELL_SAMPLE_ROWS)
    points = zip(places["latitude"].to_list(), places["longitude"].to_list(), strict=True)
    cells = [cell_of(latitude, longitude) for latitude, longitude in points]
    return _most_frequent(
        places.with_columns(pl.Series("cell", cells, dtype=pl.String)), "cell", "district"
    )


def _channels(frame: pl.DataFrame) -> dict[str, float]:
    names = sorted(frame["channel"].drop_nulls().unique().to_list())
    return {name: float(number) for number, name in enumerate(names)}


def _statistics(frame: pl.DataFrame, weights: Floats) -> dict[str, dict[str, list[float]]]:
    keys = frame.select(**{table: _key(columns) for table, columns in TABLES.items()})
    tables = LifeTables.of(frame, weights)
    hazards: dict[str, dict[str, Floats]] = {}
    kept: dict[str, dict[str, list[float]]] = {}
    for table in TABLES:
        names, codes = _codes(keys[table])
        prior = _prior(keys, names, table, hazards)
        closings, at_risk, rows = tables.count(codes, len(names))
        shrunken = (closings + PRIOR_ROWS * prior) / (at_risk + PRIOR_ROWS)
        hazards[table] = dict(zip(names, shrunken, strict=True))
        kept[table] = {
            name: closed_shares_of(hazard)
            for name, hazard, count in zip(names, shrunken, rows, strict=True)
            if count >= FEWEST_ROWS or table == "city"
        }
    return kept


def _key(columns: tuple[str, ...]) -> pl.Expr:
    """The category of each row, null where a part of it is unknown."""
    return pl.concat_str(columns, separator="|") if columns else pl.lit("")


def _codes(keys: pl.Series) -> tuple[list[str], npt.NDArray[np.int64]]:
    """The distinct names in order and each row's place among them, −1 where null."""
    names = keys.drop_nulls().unique().sort()
    places = pl.DataFrame({"name": names, "place": np.arange(len(names))})
    found = keys.to_frame("name").join(places, on="name", how="left", maintain_order="left")
    return names.to_list(), found["place"].fill_null(-1).to_numpy()


def _prior(
    keys: pl.DataFrame, names: list[str], table: str, hazards: dict[str, dict[str, Floats]]
) -> Floats:
    """The hazards that each category of `table` is shrunken towards: (c, bins)."""
    if table == "city":
        return np.full((len(names), len(EDGES_HOURS) - 1), FLAT_HAZARD)
    wider = _most_frequent(keys, table, PARENTS[table])
    city = hazards["city"][""]
    parents = hazards[PARENTS[table]]
    return np.array([parents.get(wider.get(name, ""), city) for name in names]).reshape(
        len(names), len(city)
    )


def closed_shares_of(hazard: Floats) -> list[float]:
    """P(closed within each of `HORIZONS_HOURS`) from hazards per bin."""
    still_open = np.cumprod(1 - hazard)
    ends = [EDGES_HOURS.index(hours) - 1 for hours in HORIZONS_HOURS]
    return [round(float(1 - still_open[end]), DIGITS) for end in ends]


@dataclass(frozen=True)
class LifeTables:
    """Labelled complaints ready to be counted by category."""

    last: npt.NDArray[np.int64]
    seen: Floats
    ends: Booleans
    weights: Floats

    @classmethod
    def of(cls, frame: pl.DataFrame, weights: Floats) -> LifeTables:
        """From `hours` and `closed` of a labelled frame."""
        hours, closed = frame["hours"].to_numpy(), frame["closed"].to_numpy()
        last, seen = exposure(hours, closed, np.array(EDGES_HOURS))
        return cls(last, seen, closed & (hours <= EDGES_HOURS[-1]), weights)

    def count(self, codes: npt.NDArray[np.int64], categories: int) -> tuple[Floats, Floats, Floats]:
        """Weighted closings and rows at risk (c, bins) and plain rows (c,) of each category."""
        bins = len(EDGES_HOURS) - 1
        known = codes >= 0
        cells = (codes * bins + self.last)[known]

        def total(values: Floats) -> Floats:
            counts = np.bincount(cells, weights=values[known], minlength=categories * bins)
            return counts.reshape(categories, bins).astype(np.float64)

        leaving = total(self.weights)
        later = np.cumsum(leaving[:, ::-1], axis=1)[:, ::-1] - leaving
        rows = np.bincount(codes[known], minlength=categories).astype(np.float64)
        return total(self.weights * self.ends), later + total(self.weights * self.seen), rows
