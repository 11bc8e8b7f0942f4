"""Complaints as columns, for training and evaluation."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import polars as pl
from django.db import connection

from complaints.models import City

SQL = Path(__file__).parent / "sql" / "training_data.sql"
_TIME = pl.Datetime("us", "UTC")
_SCHEMA = {
    "complaint_type": pl.String,
    "agency": pl.String,
    "descriptor": pl.String,
    "channel": pl.String,
    "district": pl.String,
    "location_type": pl.String,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "created_at": pl.Int64,
    "closed_at": pl.Int64,
    "observed_at": pl.Int64,
}


def read_complaints(city: City, created_before: datetime | None = None) -> pl.DataFrame:
    """A city's complaints, oldest first, as `predictions.ml` wants them.

    Instant closings are left out: the same second for both is bookkeeping, not speed. Empty texts
    are null. `created_before` is exclusive.
    """
    with tempfile.TemporaryFile() as file, connection.cursor() as cursor:
        query = cursor.mogrify(
            SQL.read_text(), {"city": city.pk, "created_before": created_before}
        ).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", file)
        file.seek(0)
        frame = pl.read_csv(file, has_header=False, schema=_SCHEMA)
    return frame.with_columns(pl.col("created_at", "closed_at", "observed_at").cast(_TIME))
