"""What every request passes through."""

import re
import secrets
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class RequestIdMiddleware:
    """Give each request an id, its own `X-Request-ID` if that is plain, and send it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request with its id in `X-Request-ID`."""
        sent = request.headers.get("X-Request-ID", "")
        request_id = sent if _ACCEPTABLE_ID.fullmatch(sent) else secrets.token_hex(8)
        request.META["REQUEST_ID"] = request_id
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
