"""Rows of a JSON array, or of one object a line, without holding the file in memory."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator

from complaints.opendata.containers import Readable, UnreadableFile

CHUNK_BYTES = 1024 * 1024
MAX_OBJECT_CHARACTERS = 1_000_000
_BETWEEN = re.compile(r"[ \t\r\n,]*")

Row = dict[str, str | None]


def json_rows(stream: Readable, start: bytes) -> Iterator[Row | str]:
    """Each object's values as text, or what stood there if it is no object.

    SODA writes numbers as strings and leaves null keys out. `start` was read from the stream
    already. Raises UnreadableFile where the text stops being JSON.
    """
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="surrogateescape")
    parse = json.JSONDecoder().raw_decode
    start = start or stream.read(CHUNK_BYTES)
    text = decoder.decode(start).lstrip()
    end_mark = "]" if text.startswith("[") else ""
    text, position = text.removeprefix("["), 0
    while True:
        position = _BETWEEN.match(text, position).end()  # type: ignore[union-attr]
        try:
            value, end = parse(text, position)
        except (ValueError, RecursionError) as error:
            if len(text) - position > MAX_OBJECT_CHARACTERS:
                raise UnreadableFile(f"not readable as JSON: {error}") from error
            end = len(text)
        if end < len(text):
            yield _as_text(value) if isinstance(value, dict) else str(value)
            position = end
            continue
        # A number that ends where the text does may go on in what follows.
        more = stream.read(CHUNK_BYTES)
        text, position = text[position:] + decoder.decode(more, final=not more), 0
        if not more:
            yield from _last(text.strip(" \t\r\n,"), end_mark)
            return


def _last(text: str, end_mark: str) -> Iterator[Row | str]:
    """What is left at the end: the array's `]`, or of objects a line the last."""
    if text == end_mark:
        return
    if end_mark:
        raise UnreadableFile("the JSON does not end: its array is not closed")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableFile(f"the JSON does not end: {error}") from error
    yield _as_text(value) if isinstance(value, dict) else str(value)


def _as_text(record: dict[str, object]) -> Row:
    return {name: _text(value) for name, value in record.items()}


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)
