"""GeoReport v2 on the wire: JSON or XML by the suffix of the path, and its form of errors.

The specification: https://wiki.open311.org/GeoReport_v2/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from xml.sax.saxutils import escape

import msgspec
from django.http import HttpRequest, HttpResponse

PREFIX = "/open311/"
JSON, XML = "json", "xml"
CONTENT_TYPES = {JSON: "application/json; charset=utf-8", XML: "text/xml; charset=utf-8"}
ONE_OF = {
    "services": "service",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "errors": "error",
    "attributes": "attribute",
    "values": "value",
    "endpoints": "endpoint",
    "formats": "format",
    "notes": "note",
}
"""What XML calls each child of a container; JSON writes the container as a bare array."""
STATUSES = frozenset({404, 405, 408, 409, 413, 415, 429, 500, 503})
"""Kept as they are. Trouble with a key is 403, everything else 400."""

_declaration = '<?xml version="1.0" encoding="utf-8"?>\n'
_encoder = msgspec.json.Encoder()
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A parser takes a carriage return that is written as itself for a line feed.
_ENTITIES = {"\r": "&#13;"}


def answer(suffix: str, root: str, body: Any, status: int = 200) -> HttpResponse:
    """A body of plain values and msgspec structs in the format of a suffix.

    A list is what `root` contains; a mapping or struct is `root` itself.
    """
    content = xml(root, body) if suffix == XML else _encoder.encode(body)
    return HttpResponse(content, CONTENT_TYPES[suffix], status=status)


def suffix_of(path: str) -> str:
    """The format in which a path is told of errors: XML, the standard's own, unless it is JSON."""
    return JSON if path.rstrip("/").endswith(("json", ".csv")) else XML


def refusal(
    request: HttpRequest, code: int, descriptions: Iterable[str], headers: Mapping[str, str]
) -> HttpResponse:
    """Errors in GeoReport's form; `code` is what the rest of the API would answer."""
    status = 403 if code in {401, 403} else code if code in STATUSES else 400
    errors = [{"code": status, "description": text} for text in descriptions]
    response = answer(suffix_of(request.path), "errors", errors, status)
    for name, value in headers.items():
        if name != "WWW-Authenticate":
            response[name] = value
    return response


def storable(text: str) -> str:
    """Text without the characters that XML has no way to write, so that JSON says the same."""
    return _NOT_IN_XML.sub("\ufffd", text)


def xml(root: str, body: Any) -> str:
    """A document; null is the empty element."""
    return _declaration + _element(root, body)


def _element(name: str, value: Any) -> str:
    return f"<{name}>{_content(name, value)}</{name}>"


def _content(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return escape(storable(value), _ENTITIES)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple)):
        return "".join(_element(ONE_OF[name], each) for each in value)
    if isinstance(value, Mapping):
        return "".join(_element(key, each) for key, each in value.items())
    if isinstance(value, msgspec.Struct):
        return "".join(_element(key, getattr(value, key)) for key in value.__struct_fields__)
    return str(value)
