"""What all methods of GeoReport v2 share: the format by suffix, the key, the errors."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from complaints.filing import filer
from complaints.open311.parameters import one, sent
from complaints.open311.parsers import StrictFormParser
from smart311.accounts.authentication import SCHEME, KeyAuthentication
from smart311.georeport import JSON, XML
from smart311.problems import shorten


class GeoReportKey(KeyAuthentication):
    """The key as `api_key` in the query string or the form, or as the rest of the API takes it."""

    def header(self, request: Request) -> str | None:
        """The key as the header would have it."""
        key = one(sent(request), "api_key")
        return super().header(request) if key is None else f"{SCHEME} {key}"


class SuffixDecides(BaseContentNegotiation):
    """The path names the format of the answer; bodies go by their content type."""

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """The parser of the content type."""
        kind = request.content_type.partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == kind), None)

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """The first; nothing is rendered by it."""
        return renderers[0], renderers[0].media_type


class GeoReportView(APIView):
    """One path of GeoReport v2."""

    permission_classes = (AllowAny,)
    # No sessions: a browser's cookie would ask for a CSRF token, which no such client sends.
    authentication_classes = (GeoReportKey,)
    parser_classes = (StrictFormParser, MultiPartParser)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = SuffixDecides
    formats: tuple[str, ...] = (JSON, XML)
    """What can be read; what is sent is answered in JSON and XML alone."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Refuse an unknown format, after a method that there is not and before all else."""
        if str(request.method).lower() not in self.http_method_names or not hasattr(
            self, str(request.method).lower()
        ):
            self.http_method_not_allowed(request)
        formats = GeoReportView.formats if request.method == "POST" else self.formats
        if kwargs["suffix"] not in formats:
            expected = ", ".join(f".{name}" for name in formats)
            raise ValidationError(
                f"got the format {shorten(kwargs['suffix'])!r}, one of {expected}"
            )
        super().initial(request, *args, **kwargs)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        """Which methods there are, and no more."""
        return HttpResponse(status=204, headers={"Allow": ", ".join(self.allowed_methods)})


def need_key(request: Request) -> None:
    """Raise PermissionDenied unless the request came with a key."""
    if filer(request) is None:
        raise PermissionDenied("api_key: is missing, and this method needs one")
