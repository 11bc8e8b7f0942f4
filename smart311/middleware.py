"""What every request passes through."""

import re
from collections.abc import Callable
from random import getrandbits

from django.http import HttpRequest, HttpResponseBase

_ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def new_request_id() -> str:
    """An id that no other request has. It is no secret, so it need not ask the system for chance.

    Python seeds its generator from the system, in each process anew.
    """
    return f"{getrandbits(64):016x}"


class RequestIdMiddleware:
    """Give each request an id, its own `X-Request-ID` if that is plain, and send it back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request with its id in `X-Request-ID`."""
        sent = request.headers.get("X-Request-ID", "")
        request_id = sent if _ACCEPTABLE_ID.fullmatch(sent) else new_request_id()
        request.META["REQUEST_ID"] = request_id
        response = self.get_response(request)
        response["X-Request-ID"] = request_id
        return response
