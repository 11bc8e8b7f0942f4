"""What the model sees of a complaint: one definition for training and for serving.

Training encodes a frame (`encode_frame`), serving a single query (`encode_query`). Both build
a row from the same blocks; the frame calls each block once per distinct input. A block gets
what is known at filing and gives its numbers; a property test holds the two forms together.
To add features, append a block: existing columns keep their places.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import h3
import msgspec
import numpy as np
import numpy.typing as npt

from .queue import QUEUE_FEATURES, UNKNOWN, Queue

if TYPE_CHECKING:
    import polars as pl

NAN = math.nan
# Cells of about 0.7 km²: small enough to lie in one district, large enough to be seen often.
DISTRICT_CELL_RESOLUTION = 8

Row = npt.NDArray[np.float32]
Matrix = npt.NDArray[np.float32]


class Query(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A complaint as known when it is filed. All but type and time may be unknown."""

    complaint_type: str
    created_at: datetime
    latitude: float | None = None
    longitude: float | None = None
    agency: str | None = None
    descriptor: str | None = None
    channel: str | None = None
    district: str | None = None
    location_type: str | None = None


class Encoding(msgspec.Struct, frozen=True, kw_only=True):
    """What training learned about the categories; plain JSON, part of the model's header.

    Attributes
    ----------
    time_zone
        IANA name; hours and days are local.
    holidays
        Local days off beside Saturdays and Sundays.
    knows_seasons
        Whether training saw more than a year. Else the day of year only tells how new a row
        is, and is hidden: on New York's half year showing it cost 7 points of coverage.
    horizons_hours
        P(closed within each of these) is what a category's statistics hold.
    typical_agency
        The usual agency of a complaint type, for queries that name none.
    typical_district
        The usual district of an H3 cell (resolution 8, hexadecimal), likewise.
    areas
        District → the wider area it lies in.
    channels
        A number for each channel.
    statistics
        Name of a table → category (`type|descriptor`) → its statistics, shrunken towards
        those of the wider category, which stands in for a category that is not there.
    """

    time_zone: str
    holidays: frozenset[date]
    knows_seasons: bool
    horizons_hours: list[float]
    typical_agency: dict[str, str]
    typical_district: dict[str, str]
    channels: dict[str, float]
    statistics: dict[str, dict[str, list[float]]]
    areas: dict[str, str] = {}


# Table name → the columns that form its key. Earlier tables are the wider categories.
TABLES: dict[str, tuple[str, ...]] = {
    "city": (),
    "agency": ("agency",),
    "type": ("complaint_type",),
    "descriptor": ("complaint_type", "descriptor"),
    "location_type": ("complaint_type", "location_type"),
    "agency_district": ("agency", "district"),
    "type_district": ("complaint_type", "district"),
    "descriptor_area": ("complaint_type", "descriptor", "area"),
}
# Which wider category a table borrows from, and stands in when a category is unknown.
PARENTS = {
    "agency": "city",
    "type": "agency",
    "descriptor": "type",
    "location_type": "type",
    "agency_district": "agency",
    "type_district": "type",
    "descriptor_area": "descriptor",
}
CATEGORY_TABLES = ("type", "descriptor", "agency", "location_type")
PLACE_TABLES = ("agency_district", "type_district")
# A model trained before this table was there does without it.
AREA_TABLE = "descriptor_area"
NO_STATISTICS: dict[str, list[float]] = {}
SATURDAY = 5
LONGEST_BREAK_DAYS = 7


def closed_shares(encoding: Encoding, table: str, values: dict[str, str | None]) -> list[float]:
    """P(closed within each horizon) of the narrowest known category at or above `table`."""
    while table != "city":
        parts = [values[column] for column in TABLES[table]]
        if None not in parts:
            shares = encoding.statistics.get(table, NO_STATISTICS).get(category_key(parts))
            if shares is not None:
                return shares
        table = PARENTS[table]
    return encoding.statistics["city"][""]


def category_key(parts: list[str | None]) -> str:
    """One string for a tuple of categories; type and agency codes contain no bar."""
    return "|".join(part or "" for part in parts)


def category_block(
    encoding: Encoding,
    complaint_type: str,
    agency: str | None,
    descriptor: str | None,
    location_type: str | None,
    channel: str | None,
) -> list[float]:
    """What the complaint is about."""
    values = {
        "complaint_type": complaint_type,
        "agency": agency or encoding.typical_agency.get(complaint_type),
        "descriptor": descriptor,
        "location_type": location_type,
    }
    numbers: list[float] = []
    for table in CATEGORY_TABLES:
        numbers += closed_shares(encoding, table, values)
    return [*numbers, encoding.channels.get(channel or "", NAN)]


def place_block(
    encoding: Encoding, complaint_type: str, agency: str | None, district: str | None
) -> list[float]:
    """How fast the district is, for this agency and for this type."""
    values = {
        "complaint_type": complaint_type,
        "agency": agency or encoding.typical_agency.get(complaint_type),
        "district": district,
    }
    numbers: list[float] = []
    for table in PLACE_TABLES:
        numbers += closed_shares(encoding, table, values)
    return numbers


def area_block(
    encoding: Encoding,
    complaint_type: str,
    agency: str | None,
    descriptor: str | None,
    district: str | None,
) -> list[float]:
    """How fast exactly this is dealt with in this part of the city."""
    values = {
        "complaint_type": complaint_type,
        "agency": agency or encoding.typical_agency.get(complaint_type),
        "descriptor": descriptor,
        "area": encoding.areas.get(district) if district is not None else None,
    }
    # A copy: without the table these are the numbers of another.
    return [*closed_shares(encoding, AREA_TABLE, values)]


def day_block(encoding: Encoding, day: date) -> list[float]:
    """The local day: weekday (Monday 0), day of year, holiday, days to the next working day."""
    ahead = 1
    while is_day_off(day + timedelta(days=ahead), encoding.holidays) and ahead < LONGEST_BREAK_DAYS:
        ahead += 1
    day_of_year = float(day.timetuple().tm_yday) if encoding.knows_seasons else NAN
    return [float(day.weekday()), day_of_year, float(day in encoding.holidays), float(ahead)]


def is_day_off(day: date, holidays: frozenset[date]) -> bool:
    """Whether most city offices are closed."""
    return day.weekday() >= SATURDAY or day in holidays


def feature_names(horizons_hours: list[float]) -> list[str]:
    """The columns of an encoded row, in order."""

    def shares(tables: tuple[str, ...]) -> list[str]:
        return [f"{table}_closed_{hours:g}h" for table in tables for hours in horizons_hours]

    day = ["weekday", "day_of_year", "is_holiday", "days_to_working_day"]
    rest = [*day, "hour", "latitude", "longitude", *QUEUE_FEATURES]
    wide = [*shares(CATEGORY_TABLES), "channel", *shares(PLACE_TABLES)]
    return [*wide, *rest, *shares((AREA_TABLE,))]


def cell_of(latitude: float | None, longitude: float | None) -> str | None:
    """The H3 cell in which a missing district is looked up."""
    if latitude is None or longitude is None or not math.isfinite(latitude + longitude):
        return None
    cell: str = h3.latlng_to_cell(latitude, longitude, DISTRICT_CELL_RESOLUTION)
    return cell


def district_of(query: Query, encoding: Encoding) -> str | None:
    """The district that the query names, else the usual one of its place."""
    if query.district is not None:
        return query.district
    cell = cell_of(query.latitude, query.longitude)
    return encoding.typical_district.get(cell) if cell else None


def encode_query(query: Query, encoding: Encoding, queue: Queue | None = None) -> Row:
    """One query as the model sees it: float32 (k,), NaN where nothing is known.

    `queue` is the city's, as known now; for a query about another time it is unknown.

    Raises ValueError if `created_at` has no time zone.
    """
    if query.created_at.tzinfo is None:
        raise ValueError(f"got the time {query.created_at} without a zone, expected one with")
    local = query.created_at.astimezone(zone_of(encoding.time_zone))
    kind, agency, district = query.complaint_type, query.agency, district_of(query, encoding)
    category = (kind, agency, query.descriptor, query.location_type, query.channel)
    numbers = category_block(encoding, *category)
    numbers += place_block(encoding, kind, agency, district)
    numbers += day_block(encoding, local.date())
    numbers.append(local.hour + local.minute / 60)
    numbers.append(NAN if query.latitude is None else query.latitude)
    numbers.append(NAN if query.longitude is None else query.longitude)
    waiting = UNKNOWN
    if queue is not None:
        agency = agency or encoding.typical_agency.get(kind)
        waiting = queue.features(kind, agency, district, query.created_at)
    numbers += waiting
    numbers += area_block(encoding, kind, query.agency, query.descriptor, district)
    return np.array(numbers, dtype=np.float32)


@lru_cache(maxsize=32)
def zone_of(name: str) -> ZoneInfo:
    """The time zone of an IANA name."""
    return ZoneInfo(name)


def encode_frame(frame: pl.DataFrame, encoding: Encoding) -> Matrix:
    """Complaints as the model sees them: (n, k) float32, row for row `encode_query`.

    The queue is that of the columns `QUEUE_FEATURES` (`queue_history`); without them unknown.
    """
    import polars as pl

    local = pl.col("created_at").dt.convert_time_zone(encoding.time_zone)
    missing = [name for name in QUEUE_FEATURES if name not in frame.columns]
    known = with_usual(frame, encoding).with_columns(
        *(pl.lit(NAN).alias(name) for name in missing),
        local_day=local.dt.date(),
        hour=local.dt.hour().cast(pl.Float64) + local.dt.minute() / 60,
    )
    category = ["complaint_type", "agency", "descriptor", "location_type", "channel"]
    blocks = [
        _per_distinct(known, category, lambda *row: category_block(encoding, *row)),
        _per_distinct(
            known,
            ["complaint_type", "agency", "district"],
            lambda *row: place_block(encoding, *row),
        ),
        _per_distinct(known, ["local_day"], lambda day: day_block(encoding, day)),
    ]
    numbers = known.select("hour", "latitude", "longitude", *QUEUE_FEATURES).fill_null(NAN)
    by_area = _per_distinct(
        known,
        ["complaint_type", "agency", "descriptor", "district"],
        lambda *row: area_block(encoding, *row),
    )
    return np.hstack([*blocks, numbers.to_numpy().astype(np.float32), by_area])


def with_usual(frame: pl.DataFrame, encoding: Encoding) -> pl.DataFrame:
    """Missing agencies and districts filled with the usual ones of the type and the place."""
    import polars as pl

    usual = pl.col("complaint_type").replace_strict(
        encoding.typical_agency, default=None, return_dtype=pl.String
    )
    return frame.with_columns(
        # An empty text is no agency, as for a single query.
        agency=pl.coalesce(pl.col("agency").replace("", None), usual),
        district=_districts(frame, encoding),
    )


def _districts(frame: pl.DataFrame, encoding: Encoding) -> pl.Series:
    """The given district, else the usual one of the cell."""
    import polars as pl

    gaps = frame["district"].is_null().arg_true()
    points = frame.select("latitude", "longitude")[gaps].iter_rows()
    cells = [cell_of(latitude, longitude) for latitude, longitude in points]
    usual = [encoding.typical_district.get(cell) if cell else None for cell in cells]
    return frame["district"].scatter(gaps, pl.Series(usual, dtype=pl.String))


def _per_distinct(
    frame: pl.DataFrame, columns: list[str], block: Callable[..., list[float]]
) -> Matrix:
    """`block` called once per distinct combination of `columns`, spread over the rows."""
    distinct = frame.select(columns).unique().with_row_index("combination")
    table = np.array([block(*row) for row in distinct.select(columns).iter_rows()], np.float32)
    order = frame.select(columns).join(
        distinct, on=columns, how="left", nulls_equal=True, maintain_order="left"
    )
    return np.asarray(table[order["combination"].to_numpy()])
