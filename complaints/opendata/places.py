"""Where a row says it happened: degrees, or metres and feet of a plane; and its H3 cell."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING

import h3.api.basic_int as h3
import polars as pl

from complaints.models import City
from complaints.models.complaint import CELL_RESOLUTION

if TYPE_CHECKING:
    from pyproj import Transformer


def placed(rows: pl.DataFrame, city: City, plane: str) -> pl.DataFrame:
    """Degrees within the city as numbers, else null; `is_outside`, `is_unreadable_place`.

    Rows without degrees are placed by the columns x and y in the reference system `plane`.
    """
    rows = rows.with_columns(
        north=pl.col("latitude").cast(pl.Float64, strict=False),
        east=pl.col("longitude").cast(pl.Float64, strict=False),
    )
    if plane:
        rows = _from_plane(rows, plane)
    is_inside = pl.col("north").is_between(city.south, city.north) & pl.col("east").is_between(
        city.west, city.east
    )
    has_place = pl.col("north").is_not_null() & pl.col("east").is_not_null()
    return rows.with_columns(
        is_unreadable_place=(pl.col("latitude").is_not_null() & pl.col("north").is_null())
        | (pl.col("longitude").is_not_null() & pl.col("east").is_null()),
        is_outside=has_place & ~is_inside,
        latitude=pl.when(is_inside).then("north"),
        longitude=pl.when(is_inside).then("east"),
    )


def _from_plane(rows: pl.DataFrame, plane: str) -> pl.DataFrame:
    x = rows["x"].cast(pl.Float64, strict=False)
    y = rows["y"].cast(pl.Float64, strict=False)
    # Nought is how such files leave a place out; the plane's origin is far from any city.
    known = ((x != 0) & (y != 0)).fill_null(value=False)
    longitude, latitude = _degrees(plane).transform(
        x.filter(known).to_numpy(), y.filter(known).to_numpy()
    )
    found = pl.DataFrame(
        {"at": known.arg_true(), "to_north": latitude, "to_east": longitude},
        schema_overrides={"to_north": pl.Float64, "to_east": pl.Float64},
    )
    joined = rows.with_row_index("at").join(found, on="at", how="left", maintain_order="left")
    return joined.with_columns(
        north=pl.col("north").fill_null(pl.col("to_north")),
        east=pl.col("east").fill_null(pl.col("to_east")),
    )


@cache
def _degrees(plane: str) -> Transformer:
    """From a plane's coordinates to longitude and latitude."""
    # Only imports of such files need it; it takes memory and a tenth of a second.
    from pyproj import Transformer

    return Transformer.from_crs(plane, "EPSG:4326", always_xy=True)


def with_cells(rows: pl.DataFrame) -> pl.DataFrame:
    """The H3 cell beside each place."""
    return rows.with_columns(pl.Series("cell", list(_cells(rows)), dtype=pl.Int64))


def _cells(rows: pl.DataFrame) -> Iterable[int | None]:
    for latitude, longitude in rows.select("latitude", "longitude").iter_rows():
        if latitude is None:
            yield None
        else:
            yield h3.latlng_to_cell(latitude, longitude, CELL_RESOLUTION)
