"""The temporary table that a file's clean rows wait in, and the names that they use."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from django.db.backends.utils import CursorWrapper

from complaints.models import Agency
from complaints.opendata.cleaning import STAGED
from complaints.opendata.mapping import SourceMapping
from complaints.opendata.names import Names
from complaints.opendata.quality import Quality

SQL = Path(__file__).parent / "sql"
TABLES = ("staging", "staging_agency", "staging_type", "staging_district")
_COLUMNS = ", ".join(STAGED)


def create(cursor: CursorWrapper) -> None:
    """Make the tables; they end with the transaction."""
    columns = ", ".join(f"{name} {kind}" for name, kind in STAGED.items())
    cursor.execute(f"CREATE TEMPORARY TABLE staging ({columns}) ON COMMIT DROP")
    cursor.execute((SQL / "names.sql").read_text())


def copy(cursor: CursorWrapper, rows: pl.DataFrame) -> None:
    """Add clean rows."""
    text = io.BytesIO()
    rows.write_csv(text, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.6f+00")
    text.seek(0)
    cursor.copy_expert(f"COPY staging ({_COLUMNS}) FROM STDIN (FORMAT csv)", text)


def drop_repeated(cursor: CursorWrapper, quality: Quality) -> int:
    """Keep the last row of each id; how many others there were."""
    return _counted(cursor, "repeated.sql", "repeated_id", quality)


def count_same_reports(cursor: CursorWrapper, quality: Quality) -> None:
    """Rows that say the same as another one."""
    _counted(cursor, "same_reports.sql", "repeated_report", quality)


def _counted(cursor: CursorWrapper, file: str, check: str, quality: Quality) -> int:
    cursor.execute((SQL / file).read_text())
    total = 0
    for agency, rows, examples in cursor.fetchall():
        quality.add(check, agency, int(rows), examples)
        total += int(rows)
    return total


def drop(cursor: CursorWrapper) -> None:
    """Drop the tables before the transaction ends."""
    cursor.execute(f"DROP TABLE {', '.join(TABLES)}")


def resolve_names(
    cursor: CursorWrapper, names: Names, mapping: SourceMapping, quality: Quality
) -> None:
    """Say which id each name of the staging table has; new names are created."""
    agencies = _distinct(cursor, "agency, mode() WITHIN GROUP (ORDER BY agency_name)", "agency")
    known = {
        code: names.agency(code, name) if mapping.has_agency_codes else names.agency_named(code)
        for code, name in agencies
    }
    cursor.executemany(
        "INSERT INTO staging_agency VALUES (%s, %s)",
        [(code, agency.pk) for code, agency in known.items()],
    )
    _resolve_types(cursor, names, known, quality)
    has_boards = mapping.district_naming == "community boards"
    district_of = names.community_board if has_boards else names.district_named
    districts = [(name, district_of(name)) for (name,) in _distinct(cursor, "district_name")]
    cursor.executemany(
        "INSERT INTO staging_district VALUES (%s, %s)",
        [(name, district.pk) for name, district in districts if district],
    )


def _resolve_types(
    cursor: CursorWrapper, names: Names, agencies: Mapping[str, Agency], quality: Quality
) -> None:
    rows = _distinct(cursor, "complaint_type, agency, count(*)", "complaint_type, agency")
    spelt: dict[tuple[str, str], str] = {}
    for name, code, count in rows:
        kind = names.complaint_type(name, agencies.get(code))
        cursor.execute("INSERT INTO staging_type VALUES (%s, %s, %s)", [name, code, kind.pk])
        # The most frequent come first: what differs from them is the odd one.
        if spelt.setdefault((name.casefold(), code), name) != name:
            quality.add("case_twin", code, count, [name])
        if kind.pk in names.new_types:
            quality.add("unknown_type", code, count, [name])


def _distinct(
    cursor: CursorWrapper, columns: str, group: str | None = None
) -> list[tuple[Any, ...]]:
    """Distinct values of staging columns, the most frequent first: it names what is created."""
    group = group or columns
    first = group.split(",", maxsplit=1)[0]
    cursor.execute(
        f"SELECT {columns} FROM staging WHERE {first} IS NOT NULL "  # noqa: S608
        f"GROUP BY {group} ORDER BY count(*) DESC, {group}"
    )
    return list(cursor.fetchall())
