"""Query strings, read strictly: what a client wrote is taken as meant, or refused."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import unquote_to_bytes

from django.http import HttpRequest
from rest_framework.exceptions import ErrorDetail, ValidationError

from smart311.problems import shorten

MOST_PARAMETERS = 100


def read_query(request: HttpRequest, known: Collection[str] | None) -> dict[str, str]:
    """The parameters of a request by name; with `known` None all of them.

    Raises ValidationError that names each parameter that is unknown, given twice, not UTF-8 or
    holding a null byte. Django's own reading would replace bad bytes and take the last of two.
    """
    given: dict[str, str] = {}
    errors: dict[str, list[ErrorDetail]] = {}
    pairs = [pair for pair in request.META.get("QUERY_STRING", "").split("&") if pair]
    if len(pairs) > MOST_PARAMETERS:
        raise ValidationError(f"got {len(pairs)} parameters, expected at most {MOST_PARAMETERS}")
    for pair in pairs:
        raw_name, _, raw_value = pair.partition("=")
        name = _bytes(raw_name).decode("utf-8", "replace")
        error = _what_is_wrong(name, given, known)
        try:
            given[name] = _text(raw_value)
        except ValueError as reason:
            error = error or ErrorDetail(str(reason), code="malformed")
        if error:
            errors[shorten(name)] = [error]
    if errors:
        raise ValidationError(errors)
    return given


def _what_is_wrong(
    name: str, given: Collection[str], known: Collection[str] | None
) -> ErrorDetail | None:
    if known is not None and name not in known:
        expected = ", ".join(known) or "no parameters"
        return ErrorDetail(f"this parameter is not known; expected {expected}", "unknown_parameter")
    if name in given:
        return ErrorDetail("this parameter is given twice", code="duplicate_parameter")
    return None


def _bytes(quoted: str) -> bytes:
    # WSGI hands bytes over as Latin-1; a test client may hand over text.
    plain = quoted.replace("+", " ")
    try:
        return unquote_to_bytes(plain.encode("latin-1"))
    except UnicodeEncodeError:
        return unquote_to_bytes(plain)


def _text(quoted: str) -> str:
    """The value as text. Raises ValueError unless it is UTF-8 without null bytes."""
    value = _bytes(quoted)
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"got {shorten(value)}, expected UTF-8; byte {error.start} is invalid"
        ) from error
    if "\x00" in text:
        raise ValueError(f"got {shorten(text)!r}, expected text without a null byte")
    return text
