"""Bodies of many questions: read fast where all is well, and with care where something is wrong.

Each form (JSON, NDJSON, CSV) is decoded into `Asked` in one pass. Only where that fails is the
body read again row by row, to name every row that is wrong.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import IO, Any

import msgspec
from msgspec import UNSET
from rest_framework import status
from rest_framework.exceptions import APIException, ErrorDetail, ParseError, ValidationError
from rest_framework.parsers import BaseParser

from complaints.fields import NumberField, StrictSerializer, TextField
from predictions.ml.features import Query
from predictions.queries import Asked, Refused, degrees, query_of, refusals_of
from predictions.serving import ServingCity
from smart311.parsers import StrictJSONParser, check_charset, decode_utf8, read_body
from smart311.problems import shorten

MOST_ROWS = 10_000
MOST_BAD_ROWS = 100
"""So many are named; the rest is probably the same mistake."""
NDJSON, CSV = "application/x-ndjson", "text/csv"
COLUMNS = tuple(Asked.__struct_fields__)
_json = msgspec.json.Decoder(list[Asked] | Asked)
_line = msgspec.json.Decoder(Asked)


class TooManyRows(APIException):
    """More than a batch may have."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_many_rows"

    def __init__(self, count: int) -> None:
        super().__init__(f"got {count:,} rows, expected at most {MOST_ROWS:,}")


def no_rows() -> ParseError:
    """What to say of an empty batch."""
    return ParseError(f"got no rows, expected 1 to {MOST_ROWS:,}")


class PredictionQuerySerializer(StrictSerializer):
    """One question: when would such a complaint be closed?"""

    complaint_type = TextField(help_text="Code, official name in any case, or alias")
    latitude = NumberField(
        required=False, allow_null=True, help_text="Degrees, WGS 84, in the city"
    )
    longitude = NumberField(
        required=False, allow_null=True, help_text="Degrees, WGS 84, in the city"
    )
    created_date = TextField(
        required=False,
        allow_null=True,
        allow_blank=True,
        help_text="When it is filed, ISO 8601; now if not given, the city's clock without an "
        "offset",
    )


class Batch(msgspec.Struct, frozen=True):
    """Questions in order, None where one has not even the right shape; `errors` by its number."""

    asked: list[Asked | None]
    errors: dict[int, Any] = {}
    is_list: bool = True

    def __len__(self) -> int:
        return len(self.asked)

    def queries(self, known: ServingCity, now: datetime) -> list[Query]:
        """What the model is asked. Raises ValidationError that names all that is wrong."""
        found: list[Query] = []
        errors: dict[Any, Any] = dict(self.errors)
        for number, asked in enumerate(self.asked):
            if asked is None:
                continue
            try:
                found.append(query_of(asked, known, now))
            except Refused:
                errors[number] = _details(refusals_of(asked, known, now))
                if len(errors) >= MOST_BAD_ROWS:
                    break
        if errors:
            raise ValidationError(dict(sorted(errors.items())) if self.is_list else errors[0])
        return found


class RowsParser(BaseParser):
    """A body of rows as a Batch."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """A Batch. Raises ParseError, TooManyRows, UnsupportedMediaType."""
        check_charset(media_type or "")
        batch = self.read(read_body(stream, parser_context))
        if len(batch) > MOST_ROWS:
            raise TooManyRows(len(batch))
        if not batch.asked:
            raise no_rows()
        return batch

    def read(self, body: bytes) -> Batch:
        """The rows of a body."""
        raise NotImplementedError


class JSONRows(RowsParser):
    """A list of objects, or one object."""

    media_type = "application/json"

    def read(self, body: bytes) -> Batch:
        """The rows of a body."""
        try:
            found = _json.decode(body)
        except (msgspec.MsgspecError, RecursionError):
            found = None
        asked = found if isinstance(found, list) else [found] if found else []
        if asked and not _may_hide_something(body, asked):
            return Batch(list(asked), is_list=found is asked)
        plain = StrictJSONParser().parse(io.BytesIO(body))
        is_list = isinstance(plain, list)
        return _carefully(plain if is_list else [plain], is_list=is_list)


class NDJSONRows(RowsParser):
    """An object a line."""

    media_type = NDJSON

    def read(self, body: bytes) -> Batch:
        """The rows of a body."""
        try:
            asked = _line.decode_lines(body)
        except (msgspec.MsgspecError, RecursionError):
            asked = []
        if asked and not _may_hide_something(body, asked):
            return Batch(list(asked))
        return _carefully(_lines(body))


class CSVRows(RowsParser):
    """A line of column names, then a row a line; an empty cell says nothing."""

    media_type = CSV

    def read(self, body: bytes) -> Batch:
        """The rows of a body."""
        text = decode_utf8(body).removeprefix("\ufeff")
        # Strict: a quote that is never closed is an error, not the rest of the file.
        lines = csv.reader(io.StringIO(text, newline=""), strict=True)
        try:
            header = next(lines, [])
            _check_header(header)
            rows = [cells for cells in lines if cells]
        except csv.Error as error:
            raise ParseError(f"line {lines.line_num}: {error}") from error
        return _collect(rows, lambda cells: _from_cells(header, cells))


def _may_hide_something(body: bytes, asked: list[Asked]) -> bool:
    """Whether a key may stand twice in an object, or a text hold what is not text.

    msgspec takes the last of two keys and does not tell. Every pair has a colon, and texts may have
    some: where there are no more than those of what was decoded, no pair was passed over.
    Escapes could hide colons, and alone bring null bytes and halves of characters.
    """
    if b"\\" in body:
        return True
    pairs = sum(
        1
        + one.complaint_type.count(":")
        + (one.latitude is not UNSET)
        + (one.longitude is not UNSET)
        + (one.created_date is not UNSET)
        + (one.created_date or "").count(":")
        for one in asked
    )
    return body.count(b":") != pairs


def _lines(body: bytes) -> Iterator[Any]:
    """Decoded lines; an exception in place of one that is not JSON."""
    strict = StrictJSONParser()
    for line in body.splitlines():
        if line.strip():
            try:
                yield strict.parse(io.BytesIO(line))
            except ParseError as error:
                yield error


def _carefully(rows: Iterable[Any], *, is_list: bool = True) -> Batch:
    return _collect(rows, _from_json, is_list=is_list)


def _collect(rows: Iterable[Any], read: Any, *, is_list: bool = True) -> Batch:
    """Rows one by one. Past `MOST_BAD_ROWS` they are only counted."""
    asked: list[Asked | None] = []
    errors: dict[int, Any] = {}
    for number, row in enumerate(rows):
        one = None
        if len(errors) < MOST_BAD_ROWS:
            try:
                one = read(row)
            except ValidationError as error:
                errors[number] = error.detail
        asked.append(one)
    return Batch(asked, errors, is_list)


def _from_json(row: Any) -> Asked:
    if isinstance(row, ParseError):
        raise ValidationError(str(row.detail))
    try:
        return msgspec.convert(row, Asked)
    except msgspec.ValidationError:
        return Asked(**PredictionQuerySerializer.read(row))


def _check_header(header: list[str]) -> None:
    """Raise ParseError unless the columns are known, each once, with the type among them."""
    unknown = [name for name in header if name not in COLUMNS]
    if unknown or "complaint_type" not in header or len(set(header)) < len(header):
        got = shorten(",".join(header))
        raise ParseError(
            f"line 1: got the columns {got!r}, expected complaint_type and any of "
            f"{', '.join(COLUMNS[1:])}, each once"
        )


def _from_cells(header: list[str], cells: list[str]) -> Asked:
    if len(cells) != len(header):
        raise ValidationError(f"got {len(cells)} cells, expected {len(header)}")
    given = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    errors: list[Refused] = []
    place: dict[str, float | None] = {}
    for name in ("latitude", "longitude"):
        try:
            place[name] = degrees(given.get(name), name)
        except Refused as refused:
            errors.append(refused)
    if errors:
        raise ValidationError(_details(errors))
    return Asked(given.get("complaint_type", ""), **place, created_date=given.get("created_date"))


def _details(refusals: Iterable[Refused]) -> dict[str, list[ErrorDetail]]:
    return {
        refused.parameter: [ErrorDetail(str(refused), code=refused.code)] for refused in refusals
    }
