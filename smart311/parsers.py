"""How request bodies are read: strictly, and never past a bound."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser

MAX_BODY_BYTES = 10 * 1024 * 1024


class StrictJSONParser(BaseParser):
    """JSON as RFC 8259 means it.

    Refused with 400: other encodings than UTF-8, NaN and Infinity, the same key twice in an
    object, null bytes and lone surrogates in strings, nesting beyond Python's stack, a body that
    is shorter than its Content-Length.
    """

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The decoded body. Raises ParseError that says what is wrong and where."""
        check_charset(media_type or "")
        text = decode_utf8(read_body(stream, parser_context))
        try:
            data = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
            # Only an escape can bring what UTF-8 and JSON's grammar refuse.
            if "\\u" in text:
                _refuse_unstorable(data)
        except RecursionError as error:
            raise ParseError("The JSON is nested too deeply.") from error
        except ValueError as error:
            raise ParseError(f"The body is not JSON: {error}") from error
        return data


def check_charset(media_type: str) -> None:
    """Raise UnsupportedMediaType where another charset than UTF-8 is announced."""
    charset = parse_header_parameters(media_type)[1].get("charset", "utf-8")
    if charset.strip("\"'").lower().replace("_", "-") not in {"utf-8", "utf8"}:
        raise UnsupportedMediaType(media_type, "The body is UTF-8; another charset is not taken.")


def read_body(stream: IO[Any], context: Mapping[str, Any] | None) -> bytes:
    """The whole body. Raises ParseError if it is too long, or shorter than announced."""
    body: bytes = stream.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        raise ParseError(f"The body is longer than {MAX_BODY_BYTES} bytes.")
    promised = context["request"].META.get("CONTENT_LENGTH") if context else None
    if promised and len(body) < int(promised):
        raise ParseError(f"The body ends after {len(body)} of {promised} bytes.")
    return body


def decode_utf8(body: bytes) -> str:
    """The body as text. Raises ParseError."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ParseError(f"The body is not UTF-8: byte {error.start} is invalid.") from error
    return text


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _refuse_unstorable(data: Any) -> None:
    """Raise ValueError for a null byte or a lone surrogate in any string."""
    if isinstance(data, str):
        if any(character == "\x00" or "\ud800" <= character <= "\udfff" for character in data):
            raise ValueError("a string has a null byte or a lone surrogate")
    elif isinstance(data, dict):
        for pair in data.items():
            _refuse_unstorable(list(pair))
    elif isinstance(data, list):
        for item in data:
            _refuse_unstorable(item)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")
