"""Request bodies, whole or refused, before anybody looks at them.

Django takes a body without Content-Length for an empty one, and does not compare what it read with
what was announced. Here chunked bodies are read (bounded), lengths are compared, and a client that
stops in the middle frees its thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from gunicorn.http.errors import ParseException
from rest_framework.exceptions import ParseError

from smart311.parsers import MAX_BODY_BYTES
from smart311.problems import problem, shorten, speaks_problem

STALLED_AFTER_SECONDS = 10
"""A client that sends nothing more for so long is told so."""

UPLOAD_PATHS = frozenset({"/api/v1/imports"})
FORM_BYTES = 64 * 1024
"""What a form takes besides its file."""


class BodyRefused(Exception):
    """The body cannot be taken; `status` says why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class BodyMiddleware:
    """Reads bodies of the API, and chunked ones of any path."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 400, 408, 413 or 415 where the body is not whole, else go on."""
        try:
            _take(request)
        except BodyRefused as refused:
            return problem(request, refused.status, str(refused))
        return self.get_response(request)


def _take(request: HttpRequest) -> None:
    if _is_upload(request):
        _promise_whole(request)
        return
    is_chunked = "transfer-encoding" in request.headers
    if not (is_chunked or (speaks_problem(request) and request.headers.get("content-length"))):
        return
    coding = request.headers.get("Content-Encoding", "identity")
    if coding.strip().lower() != "identity":
        raise BodyRefused(415, f"got the coding {shorten(coding)!r}, expected a plain body")
    promised = None if is_chunked else _length(request)
    if promised is not None and promised > MAX_BODY_BYTES:
        raise _too_large()
    body = _read(request)
    if len(body) > MAX_BODY_BYTES:
        raise _too_large()
    if promised is not None and len(body) < promised:
        raise BodyRefused(400, f"The body ends after {len(body)} of {promised} bytes.")
    # What reads the request from here on, Django or DRF, finds it whole.
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)


def _is_upload(request: HttpRequest) -> bool:
    """A file that is too large for memory: it is read as it comes, and goes to disk."""
    return (
        request.method == "POST"
        and request.path.rstrip("/") in UPLOAD_PATHS
        and request.content_type == "multipart/form-data"
        and "transfer-encoding" not in request.headers
        and "content-length" in request.headers
    )


def _promise_whole(request: HttpRequest) -> None:
    length = _length(request)
    most = settings.IMPORT_MOST_MEGABYTES * 1024 * 1024 + FORM_BYTES
    if length > most:
        raise BodyRefused(413, f"The body is longer than {most} bytes.")
    request._stream = WholeBody(request._stream, length)  # type: ignore[assignment]


class WholeBody:
    """A stream that is an error if it ends too soon."""

    def __init__(self, stream: Any, length: int) -> None:
        self._stream, self._left = stream, length

    def read(self, size: int = -1, /) -> bytes:
        """As the stream. Raises ParseError where it should go on."""
        return self._counted(self._stream.read(size), size)

    def readline(self, size: int = -1, /) -> bytes:
        """As the stream. Raises ParseError where it should go on."""
        return self._counted(self._stream.readline(size), size)

    def _counted(self, chunk: bytes, size: int) -> bytes:
        self._left -= len(chunk)
        if not chunk and size and self._left > 0:
            raise ParseError(f"The body ends {self._left} bytes too soon.")
        return chunk


def _length(request: HttpRequest) -> int:
    text = request.headers["content-length"]
    if not (text.isascii() and text.isdigit()):
        raise BodyRefused(400, f"got the Content-Length {shorten(text)!r}, expected a number")
    # Python refuses to read a number of thousands of digits.
    return int(text) if len(text) <= 18 else MAX_BODY_BYTES + 1


def _read(request: HttpRequest) -> bytes:
    # Chunked bodies are only found below Django's own limited stream.
    stream = request.META["wsgi.input"]
    size = MAX_BODY_BYTES + 1
    if "transfer-encoding" not in request.headers:
        size = int(request.headers["content-length"])
    try:
        with _patience(request):
            body: bytes = stream.read(size)
    except TimeoutError as error:
        seconds = STALLED_AFTER_SECONDS
        raise BodyRefused(408, f"Nothing more of the body came for {seconds} s.") from error
    except (OSError, ParseException) as error:
        raise BodyRefused(
            400, f"The body is cut off or its chunks are malformed: {error}"
        ) from error
    return body


@contextlib.contextmanager
def _patience(request: HttpRequest) -> Iterator[None]:
    """A limit for reading from the client, where gunicorn hands over its socket."""
    connection = request.META.get("gunicorn.socket")
    if connection is None:
        yield
        return
    connection.settimeout(STALLED_AFTER_SECONDS)
    try:
        yield
    finally:
        connection.settimeout(None)


def _too_large() -> BodyRefused:
    return BodyRefused(413, f"The body is longer than {MAX_BODY_BYTES} bytes.")
