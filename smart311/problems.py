"""Errors of the API as RFC 9457 `application/problem+json`."""

from __future__ import annotations

import json
import logging
import sys
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views import defaults
from rest_framework import exceptions, status
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from smart311 import georeport
from smart311.language import chosen_language

logger = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_SECONDS = 5
OUTAGES = (OperationalError, InterfaceError)
"""What the database raises when it cannot be asked."""
_OUTAGE = (
    "The database does not answer; send it again, with the same Idempotency-Key if it had one."
)
"""It cannot say that nothing was stored: the answer to COMMIT may be what was lost."""
_BUSY = "More requests came than can be answered; nothing was done with this one. Send it again."
ECHO_LIMIT = 200
"""Most characters of somebody's input that an answer repeats."""

_API_PREFIXES = (
    *("/api/", "/predict", "/complaints/", "/input", "/openapi.json", "/readyz"),
    georeport.PREFIX,
)


class NotReady(exceptions.APIException):
    """The service cannot answer now, but will: 503 with `Retry-After`."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_detail = "The service is not ready."
    default_code = "not_ready"
    wait = RETRY_AFTER_SECONDS


def shorten(text: object) -> str:
    """Somebody's input, fit to be repeated in a message."""
    shown = str(text)
    shown = shown if len(shown) <= ECHO_LIMIT else shown[: ECHO_LIMIT - 1] + "…"
    return shown.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def problem(
    request: HttpRequest,
    code: int,
    detail: str,
    errors: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """A problem document as an answer; `errors` as `problem_body` takes them.

    Open311 has its own form of errors.
    """
    if request.path.startswith(georeport.PREFIX):
        told = [_with_name(error) for error in errors or ()] or [detail]
        return georeport.refusal(request, code, told, headers or {})
    body = problem_body(code, detail, errors, request.META.get("REQUEST_ID", ""))
    return HttpResponse(body, status=code, content_type=CONTENT_TYPE, headers=headers)


def problem_body(
    code: int, detail: str, errors: list[dict[str, str]] | None, request_id: str
) -> bytes:
    """A problem document; `errors` are `{"pointer", "code", "detail"}`, one a field."""
    return json.dumps(
        {
            "type": "about:blank",
            "title": HTTPStatus(code).phrase,
            "status": code,
            "detail": detail,
            "errors": errors or [],
            "request_id": request_id,
        }
    ).encode()


def _with_name(error: dict[str, str]) -> str:
    """What is wrong, with the parameter that it is about."""
    name = error["pointer"].strip("/").replace("~1", "/").replace("~0", "~")
    return f"{name}: {error['detail']}" if name else error["detail"]


_DENIALS = (exceptions.NotAuthenticated, exceptions.PermissionDenied)


def exception_handler(exc: Exception, context: dict[str, Any]) -> HttpResponseBase | None:
    """DRF's hook: every API error becomes a problem document, an outage of the database a 503."""
    request = context["request"]._request
    set_rollback()
    if isinstance(exc, Http404):
        exc = exceptions.NotFound(*exc.args[:1])
    elif isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied(*exc.args[:1])
    elif isinstance(exc, OUTAGES):
        logger.error("database unavailable: %s", exc)
        exc = NotReady(_OUTAGE)
    if isinstance(exc, _DENIALS) and not hasattr(context["view"], str(request.method).lower()):
        # Nobody may do what nothing does: DRF asks for permission first.
        exc = exceptions.MethodNotAllowed(request.method)
    if not isinstance(exc, exceptions.APIException):
        return None
    headers = {}
    if auth_header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    if wait := getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(wait))
    errors = list(_flatten(exc.detail)) if isinstance(exc, exceptions.ValidationError) else []
    detail = errors[0]["detail"] if errors else str(exc.detail)
    if len(errors) > 1:
        detail = f"{len(errors)} errors; the first: {detail}"
    return problem(request, exc.status_code, detail, errors, headers)


def _flatten(detail: Any, pointer: str = "") -> Any:
    """Yield DRF's nested error details as a flat list with JSON pointers (RFC 6901)."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            is_whole = name == api_settings.NON_FIELD_ERRORS_KEY
            yield from _flatten(inner, pointer if is_whole else f"{pointer}/{escaped}")
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            is_nested = isinstance(inner, (dict, list))
            yield from _flatten(inner, f"{pointer}/{index}" if is_nested else pointer)
    else:
        yield {
            "pointer": pointer,
            "code": getattr(detail, "code", "invalid"),
            "detail": str(detail),
        }


def speaks_problem(request: HttpRequest) -> bool:
    """Whether the path belongs to the API, whose errors are problem documents."""
    return request.path.startswith(_API_PREFIXES)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """`handler400`: what Django itself refuses, such as a null byte in the path."""
    if speaks_problem(request):
        return problem(request, 400, "The request is malformed.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """`handler403`."""
    if speaks_problem(request):
        return problem(request, 403, "This is not allowed.")
    return defaults.permission_denied(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """`handler404`: a path that no route knows."""
    if speaks_problem(request):
        return problem(request, 404, f"There is nothing at {shorten(request.path)}.")
    return _page(request, "404.html", 404)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """`handler500`: an outage of the database, or a defect of ours that its id finds in the log."""
    if isinstance(sys.exception(), OUTAGES):
        return _outage(request)
    if speaks_problem(request):
        return problem(request, 500, "The server failed; the request id finds the cause.")
    return _page(request, "500.html", 500)


def _outage(request: HttpRequest) -> HttpResponseBase:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if speaks_problem(request):
        return problem(request, 503, _OUTAGE, headers=headers)
    return _page(request, "503.html", 503, headers)


def busy(request: HttpRequest) -> HttpResponse:
    """To somebody who waited too long already: nothing was done with the request."""
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    if speaks_problem(request):
        return problem(request, 503, _BUSY, headers=headers)
    return _page(request, "busy.html", 503, headers)


def _page(
    request: HttpRequest, template: str, status_code: int, headers: dict[str, str] | None = None
) -> HttpResponse:
    """A page of the error in the visitor's language."""
    try:
        language = chosen_language(request)
    except SuspiciousOperation:
        # A query that Django refuses to read must not make the page of an error fail as well.
        language = "en"
    with translation.override(language):
        # Without context processors: what they read of the request may be what fails.
        content = render_to_string(template, {"request": request})
    response = HttpResponse(
        content, status=status_code, headers={"Content-Language": language, **(headers or {})}
    )
    patch_vary_headers(response, ["Accept-Language", "Cookie"])
    return response
