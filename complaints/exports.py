"""All complaints of a filter as CSV or GeoJSON: lines made by PostgreSQL, read in flat memory.

They come through a cursor that the server keeps. psycopg2 refuses COPY in a process whose
connections wait with a deadline (`smart311.patience`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from django.db.models import CharField, F, TextField, Value
from django.db.models.expressions import Case, Combinable, Expression, Func, When
from django.db.models.functions import Cast, Coalesce
from django.db.models.sql.compiler import SQLCompiler

from complaints.models.complaint import Complaint, ComplaintQuerySet
from complaints.rendering import COLUMNS, PROMISE_COLUMNS, Promise, PublicComplaint
from smart311.patience import waiting_up_to

CHUNK_ROWS = 1000
"""About 300 kB as CSV; a stream holds two chunks."""
CHUNK_SECONDS = 60
"""Longest wait for a chunk: where few rows match, many are looked at. The first has the limit of
any other answer."""
STALLED_AFTER_SECONDS = 60
"""A client that takes nothing for so long loses its stream, and frees a connection."""

MOMENT_FORMAT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
CSV_FIELDS = (
    *PublicComplaint.__struct_fields__[:-1],
    *(f"forecast_{name}" for name in Promise.__struct_fields__),
)
"""The header: the fields of the list, the forecast as five."""
PRIVATE_PATHS = (
    *("public_id", "complaint_type__name", "agency__code", "status", "created_at", "closed_at"),
    *("address", "description", "media_url"),
    *("reporter__name", "reporter__email", "reporter__phone"),
)
"""What managers export."""


class CsvCell(Func):
    """Text that no spreadsheet takes for a formula: unless it is a number, an apostrophe leads."""

    template = (
        r"CASE WHEN %(expressions)s ~ '^[=+@\t\r-]' AND %(expressions)s !~ "
        r"'^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$' "
        "THEN '''' || %(expressions)s ELSE %(expressions)s END"
    )
    output_field = TextField()

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        """The template names its expression four times, and so its parameters."""
        sql, parameters = super().as_sql(compiler, connection, *args, **context)
        return sql, (*parameters,) * 4


class CsvQuoted(Func):
    """Text as RFC 4180 wants it. Always quoted: looking whether it must be costs more."""

    template = """'"' || replace(%(expressions)s, '"', '""') || '"'"""
    output_field = TextField()


class JsonObject(Func):
    """`json_build_object` of keys and expressions in their order."""

    function = "json_build_object"
    output_field = TextField()

    def __init__(self, **fields: Combinable | str) -> None:
        pairs = ((Value(name), value) for name, value in fields.items())
        super().__init__(*(part for pair in pairs for part in pair))


def _source(path: str | Combinable) -> Combinable:
    """The column at the end of a path, times as ISO 8601 in UTC (the session's zone may differ)."""
    if not isinstance(path, str):
        return path
    if not path.endswith("_at"):
        return F(path)
    in_utc = Func(Value("UTC"), F(path), function="timezone")
    return Func(in_utc, Value(MOMENT_FORMAT), function="to_char", output_field=CharField())


def _is_text(path: str | Combinable) -> bool:
    if not isinstance(path, str):
        return isinstance(path, Expression) and isinstance(path.output_field, TextField)
    return "__" in path or isinstance(Complaint._meta.get_field(path), (CharField, TextField))


def csv_rows(rows: ComplaintQuerySet) -> ComplaintQuerySet:
    """The query of a CSV file: CSV_FIELDS of each complaint as one line."""
    return _csv_lines(rows, (*COLUMNS, *PROMISE_COLUMNS))


def _csv_lines(rows: ComplaintQuerySet, paths: Iterable[str | Combinable]) -> ComplaintQuerySet:
    cells = (_csv_cell(path) for path in paths)
    line = Func(Value(","), *cells, function="concat_ws", output_field=TextField())
    return rows.values_list(line)  # type: ignore[return-value]


def _csv_cell(path: str | Combinable) -> Combinable:
    cell = _source(path)
    cell = CsvQuoted(CsvCell(cell)) if _is_text(path) else Cast(cell, TextField())
    # concat_ws leaves out a null with its comma.
    return Coalesce(cell, Value(""))


def geojson_rows(rows: ComplaintQuerySet) -> ComplaintQuerySet:
    """The query of a GeoJSON file: one feature a row, `geometry` null where no place is known."""
    names = PublicComplaint.__struct_fields__
    properties: dict[str, Combinable | str] = {
        name: _source(path) for name, path in zip(names, COLUMNS, strict=False)
    }
    promise = JsonObject(**dict(zip(Promise.__struct_fields__, PROMISE_COLUMNS, strict=True)))
    properties["forecast"] = Case(When(promised_median_hours__isnull=False, then=promise))
    point = JsonObject(
        type=Value("Point"),
        coordinates=Func(F("longitude"), F("latitude"), function="json_build_array"),
    )
    feature = JsonObject(
        type=Value("Feature"),
        id=F("public_id"),
        geometry=Case(When(latitude__isnull=False, then=point)),
        properties=JsonObject(**properties),
    )
    # As text: the driver would parse JSON.
    return rows.values_list(Cast(feature, TextField()))  # type: ignore[return-value]


def csv_file(rows: ComplaintQuerySet) -> Iterator[bytes]:
    """RFC 4180: a header, lines that end in CR LF, text quoted where it has to be."""
    chunks = _chunks(csv_rows(rows))
    return _stream([",".join(CSV_FIELDS), *next(chunks)], chunks, "", "\r\n", "\r\n")


def private_csv_file(rows: ComplaintQuerySet) -> Iterator[bytes]:
    """The same with PRIVATE_PATHS instead: only for those who may export private fields."""
    return columns_file(rows, {path.replace("__", "_"): path for path in PRIVATE_PATHS})


def columns_file(
    rows: ComplaintQuerySet, columns: Mapping[str, str | Combinable]
) -> Iterator[bytes]:
    """RFC 4180 with these columns: what stands in the header, and where it is found."""
    chunks = _chunks(_csv_lines(rows, columns.values()))
    return _stream([",".join(columns), *next(chunks)], chunks, "", "\r\n", "\r\n")


def geojson_file(rows: ComplaintQuerySet) -> Iterator[bytes]:
    """RFC 7946: a FeatureCollection with one feature a line."""
    chunks = _chunks(geojson_rows(rows))
    head = '{"type":"FeatureCollection","features":[\n'
    return _stream(next(chunks), chunks, head, ",\n", "\n]}\n")


def _stream(
    first: list[str],
    others: Generator[list[str], None, None],
    head: str,
    between: str,
    foot: str,
) -> Iterator[bytes]:
    """The file. Its first lines are read already: what failed at once was an error answer."""
    with closing(others):
        yield (head + between.join(first)).encode()
        for lines in others:
            yield (between + between.join(lines)).encode()
        yield foot.encode()


def _chunks(rows: ComplaintQuerySet) -> Generator[list[str], None, None]:
    """The rows' only column, many at a time. The first chunk may be empty, a later one is not."""
    sql, parameters = rows.query.sql_with_params()
    # A connection of its own: the reader may be slow, or leave.
    with closing(connections.create_connection(DEFAULT_DB_ALIAS)) as connection:
        # A stream that nobody reads is closed by whichever thread happens to collect it.
        connection.inc_thread_sharing()
        connection.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, true)",
                [f"{STALLED_AFTER_SECONDS}s"],
            )
        lines = connection.chunked_cursor()
        lines.execute(sql, parameters)
        yield _fetched(lines)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)", [f"{CHUNK_SECONDS}s"]
            )
        # The server's limit comes first, where it lives.
        with waiting_up_to(CHUNK_SECONDS + 1):
            found = _fetched(lines)
        while found:
            yield found
            with waiting_up_to(CHUNK_SECONDS + 1):
                found = _fetched(lines)


def _fetched(cursor: CursorWrapper) -> list[str]:
    return [line for (line,) in cursor.fetchmany(CHUNK_ROWS)]
