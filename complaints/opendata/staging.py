"""The temporary table that a file's clean rows wait in, and the names that they use."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from django.db.backends.utils import CursorWrapper

from complaints.models import Agency
from complaints.opendata.cleaning import STAGED
from complaints.opendata.mapping import SourceMapping
from complaints.opendata.names import Names
from complaints.opendata.quality import Quality

SQL = Path(__file__).parent / "sql"
TABLES = ("staging", "staging_agency", "staging_type", "staging_district")
_KINDS = ("complaint_type", "agency", "agency_name")


@dataclass
class Used:
    """Which names stand in staged rows, and how often."""

    kinds: Counter[tuple[str | None, ...]] = field(default_factory=Counter)
    """Of complaint type, agency and the agency's name."""
    districts: Counter[str | None] = field(default_factory=Counter)

    def add(self, rows: pl.DataFrame) -> None:
        """Count a batch."""
        for *names, count in rows.group_by(_KINDS).len().iter_rows():
            self.kinds[tuple(names)] += count
        for name, count in rows.group_by("district_name").len().iter_rows():
            self.districts[name] += count

    def count_again(self, cursor: CursorWrapper) -> None:
        """Count what is still staged."""
        kinds = ", ".join(_KINDS)
        cursor.execute(f"SELECT {kinds}, count(*) FROM staging GROUP BY {kinds}")  # noqa: S608
        self.kinds = Counter({tuple(names): count for *names, count in cursor.fetchall()})
        cursor.execute("SELECT district_name, count(*) FROM staging GROUP BY district_name")
        self.districts = Counter(dict(cursor.fetchall()))

    def agencies(self) -> list[tuple[str, str | None]]:
        """Each agency's code with its most frequent name, the most frequent agencies first."""
        codes: Counter[str] = Counter()
        named: dict[str, Counter[str]] = {}
        for (_, code, name), count in self.kinds.items():
            if code is not None:
                codes[code] += count
                named.setdefault(code, Counter())
                if name is not None:
                    named[code][name] += count
        return [(code, next(iter(_ordered(named[code])), None)) for code in _ordered(codes)]

    def types(self) -> list[tuple[str, str | None, int]]:
        """Each type's name with its agency, and of how many rows, the most frequent first."""
        found: Counter[tuple[str, str | None]] = Counter()
        for (name, code, _), count in self.kinds.items():
            if name is not None:
                found[name, code] += count
        order = sorted(found.items(), key=lambda one: (-one[1], one[0][0], one[0][1] or ""))
        return [(name, code, count) for (name, code), count in order]

    def district_names(self) -> list[str]:
        """The most frequent first."""
        return _ordered(
            Counter({name: count for name, count in self.districts.items() if name is not None})
        )


def _ordered(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda name: (-counts[name], name))


def create(cursor: CursorWrapper) -> None:
    """Make the tables; they end with the transaction."""
    columns = ", ".join(f"{name} {kind}" for name, kind in STAGED.items())
    cursor.execute(f"CREATE TEMPORARY TABLE staging ({columns}) ON COMMIT DROP")
    cursor.execute((SQL / "names.sql").read_text())


def copy(cursor: CursorWrapper, rows: pl.DataFrame, table: str = "staging") -> None:
    """Add rows to one of the tables."""
    text = io.BytesIO()
    rows.write_csv(text, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.6f+00")
    text.seek(0)
    columns = ", ".join(rows.columns)
    cursor.copy_expert(f"COPY {table} ({columns}) FROM STDIN (FORMAT csv)", text)


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
    cursor: CursorWrapper, names: Names, used: Used, mapping: SourceMapping, quality: Quality
) -> None:
    """Say which id each name of the staging table has; new names are created.

    The most frequent come first: it is they that name what is created.
    """
    agencies = {
        code: names.agency(code, name) if mapping.has_agency_codes else names.agency_named(code)
        for code, name in used.agencies()
    }
    _copy_ids(cursor, "staging_agency", ["code"], [(k, one.pk) for k, one in agencies.items()])
    types = _resolved_types(names, used, agencies, quality)
    _copy_ids(cursor, "staging_type", ["name", "agency"], types)
    has_boards = mapping.district_naming == "community boards"
    district_of = names.community_board if has_boards else names.district_named
    districts = [(name, district_of(name)) for name in used.district_names()]
    ids = [(name, district.pk) for name, district in districts if district]
    _copy_ids(cursor, "staging_district", ["name"], ids)


def _resolved_types(
    names: Names, used: Used, agencies: Mapping[str, Agency], quality: Quality
) -> list[tuple[str, str | None, int]]:
    """Each name, agency's code, and the type's id."""
    found: list[tuple[str, str | None, int]] = []
    spelt: dict[tuple[str, str | None], str] = {}
    for name, code, count in used.types():
        kind = names.complaint_type(name, agencies.get(code) if code else None)
        found.append((name, code, kind.pk))
        # The most frequent come first: what differs from them is the odd one.
        if spelt.setdefault((name.casefold(), code), name) != name:
            quality.add("case_twin", code, count, [name])
        if kind.pk in names.new_types:
            quality.add("unknown_type", code, count, [name])
    return found


def _copy_ids(
    cursor: CursorWrapper,
    table: str,
    columns: Sequence[str],
    rows: Sequence[tuple[str | int | None, ...]],
) -> None:
    schema = {**dict.fromkeys(columns, pl.String), "id": pl.Int64}
    copy(cursor, pl.DataFrame(rows, schema, orient="row"), table)
    cursor.execute(f"ANALYZE {table}")
