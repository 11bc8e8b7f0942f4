"""All complaints of a filter as CSV or GeoJSON, written by PostgreSQL's COPY in flat memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import CharField, F, TextField, Value
from django.db.models.expressions import Case, Combinable, Expression, Func, When
from django.db.models.sql.compiler import SQLCompiler

from complaints.models.complaint import Complaint, ComplaintQuerySet
from complaints.rendering import COLUMNS, PROMISE_COLUMNS, Promise, PublicComplaint

CHUNK_BYTES = 64 * 1024
MOST_CHUNKS = 16
"""Chunks that wait for a slow client; with them a stream holds about 1 MB."""
STALLED_AFTER_SECONDS = 60.0
"""A client that takes nothing for so long loses its stream, and frees a connection."""
STATEMENT_LIMIT = "30min"
"""A whole city takes longer than the limit of ordinary requests."""

MOMENT_FORMAT = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
CSV_FIELDS = (
    *PublicComplaint.__struct_fields__[:-1],
    *(f"forecast_{name}" for name in Promise.__struct_fields__),
)
"""The header: the fields of the list, the forecast as four."""


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
    """The query of a CSV file: CSV_FIELDS of each complaint."""
    paths = (*COLUMNS, *PROMISE_COLUMNS)
    columns = (CsvCell(_source(path)) if _is_text(path) else _source(path) for path in paths)
    return rows.values_list(*columns)  # type: ignore[return-value]


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
    return rows.values_list(feature)  # type: ignore[return-value]


def csv_file(rows: ComplaintQuerySet) -> Iterator[bytes]:
    """RFC 4180: a header, lines that end in CR LF, text quoted where it has to be."""
    header = ",".join(CSV_FIELDS).encode() + b"\r\n"
    # COPY hands over one row a call. A newline within a cell stays what it is.
    lines = copied(csv_rows(rows), "FORMAT csv", lambda row, _: row[:-1] + b"\r\n")
    return _framed(header, lines, b"")


def geojson_file(rows: ComplaintQuerySet) -> Iterator[bytes]:
    """RFC 7946: a FeatureCollection with one feature a line."""
    # JSON escapes control characters, so that with these two nothing is ever quoted: COPY's text
    # format would double each backslash.
    options = r"FORMAT csv, QUOTE E'\x01', DELIMITER E'\x02'"
    lines = copied(
        geojson_rows(rows), options, lambda row, number: (b",\n" if number else b"") + row[:-1]
    )
    return _framed(b'{"type":"FeatureCollection","features":[\n', lines, b"\n]}\n")


def _framed(head: bytes, lines: Iterator[bytes], foot: bytes) -> Iterator[bytes]:
    yield head
    yield from lines
    yield foot


class StalledClient(Exception):
    """Nobody takes what was written."""


class _Writer:
    """The file that COPY writes to: rows in, chunks out through a bounded queue."""

    def __init__(self, shape: Callable[[bytes, int], bytes]) -> None:
        self.chunks: queue.Queue[bytes | Exception | None] = queue.Queue(MOST_CHUNKS)
        self.is_abandoned = threading.Event()
        self._shape = shape
        self._count = 0
        self._chunk = bytearray()

    def write(self, row: bytes) -> None:
        """Take one row; wait while the client is slow. Raises StalledClient."""
        self._chunk += self._shape(row, self._count)
        self._count += 1
        if len(self._chunk) >= CHUNK_BYTES:
            self.flush()

    def flush(self) -> None:
        """Hand over what has gathered."""
        self._put(bytes(self._chunk))
        self._chunk.clear()

    def end(self, error: Exception | None) -> None:
        """Say that nothing follows, or why."""
        try:
            self._put(error)
        except StalledClient:
            self.is_abandoned.set()

    def _put(self, item: bytes | Exception | None) -> None:
        if self.is_abandoned.is_set():
            raise StalledClient
        try:
            self.chunks.put(item, timeout=STALLED_AFTER_SECONDS)
        except queue.Full as error:
            raise StalledClient from error


def copied(
    rows: ComplaintQuerySet, options: str, shape: Callable[[bytes, int], bytes]
) -> Iterator[bytes]:
    """Chunks of `COPY (rows) TO STDOUT WITH (options)`, each row as `shape(row, number)` has it.

    COPY pushes and a response pulls, so a thread with a connection of its own copies. The first
    chunk is waited for here: what fails at once is an error answer, not a broken stream.
    """
    sql, parameters = rows.query.sql_with_params()
    writer = _Writer(shape)
    thread = threading.Thread(target=_copy, args=(sql, parameters, options, writer), daemon=True)
    thread.start()
    return _pulled(writer, _taken(writer))


def _pulled(writer: _Writer, chunk: bytes | None) -> Iterator[bytes]:
    try:
        while chunk is not None:
            yield chunk
            chunk = _taken(writer)
    finally:
        # Reached when the client has gone, too: make room, so that the thread sees it.
        writer.is_abandoned.set()
        while not writer.chunks.empty():
            writer.chunks.get_nowait()


def _taken(writer: _Writer) -> bytes | None:
    item: bytes | Exception | None = StalledClient("the copying thread gave up")
    while not (writer.is_abandoned.is_set() and writer.chunks.empty()):
        try:
            item = writer.chunks.get(timeout=1.0)
            break
        except queue.Empty:
            continue
    if isinstance(item, Exception):
        raise item
    return item


def _copy(sql: str, parameters: tuple[object, ...], options: str, writer: _Writer) -> None:
    """Run the COPY in this thread's own connection, and close that."""
    error: Exception | None = None
    try:
        # Django translates the driver's errors by itself only where it knows the method.
        with connection.wrap_database_errors, connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [STATEMENT_LIMIT])
            query = cursor.cursor.mogrify(sql, parameters)
            statement = b"COPY (%b) TO STDOUT WITH (%b)" % (query, options.encode())
            cursor.copy_expert(statement, writer)
            writer.flush()
    except Exception as reason:  # noqa: BLE001  (told to the thread that answers)
        error = reason
    finally:
        connection.close()
        writer.end(error)
