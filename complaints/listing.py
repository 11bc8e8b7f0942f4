"""The list of complaints: filtered, cut into pages, rendered fast, and answered with an ETag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.http import HttpResponse, HttpResponseBase
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from django.views.decorators.vary import vary_on_headers
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.viewsets import ReadOnlyModelViewSet

from complaints.access import Sight, sight
from complaints.filter_parameters import FILTER_NAMES, PARAMETERS, parse_filter
from complaints.filters import ComplaintFilter
from complaints.models import Complaint
from complaints.paging import (
    DEFAULT_ORDERING,
    DEFAULT_PAGE_SIZE,
    MOST_PAGE_SIZE,
    ORDERINGS,
    Cursor,
    PageRequest,
)
from complaints.rendering import (
    KEY_COLUMNS,
    PROMISE_COLUMNS,
    PublicComplaint,
    RenderedPage,
    public_complaints,
    public_fields,
    render,
)
from complaints.seen import SeenComplaintSerializer
from smart311.problems import shorten
from smart311.query_strings import read_query

FILTER_DOCUMENTATION = [
    *(parameter.documented() for parameter in PARAMETERS),
    OpenApiParameter(
        "ordering",
        OpenApiTypes.STR,
        enum=ORDERINGS,
        default=DEFAULT_ORDERING,
        description="By closed_at only closed complaints are listed",
    ),
]
LIST_DOCUMENTATION = [
    *FILTER_DOCUMENTATION,
    OpenApiParameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": MOST_PAGE_SIZE},
        default=DEFAULT_PAGE_SIZE,
        description="Complaints a page",
    ),
    OpenApiParameter("cursor", OpenApiTypes.STR, description="As in `next` and `previous`"),
]


@dataclass(frozen=True)
class Selection:
    """Which complaints, and in which order."""

    chosen: ComplaintFilter
    ordering: str


def read_selection(given: Mapping[str, str]) -> Selection:
    """The filter and ordering of parameters by name. Raises ValidationError."""
    return Selection(parse_filter(settings.CITY, given), _ordering(given))


def read_export(request: Request) -> Selection:
    """What a request for all complaints of a filter asks. Raises ValidationError."""
    return read_selection(read_query(request, (*FILTER_NAMES, "ordering")))


def read_list(request: Request) -> tuple[Selection, PageRequest]:
    """What a request for a page asks. Raises ValidationError."""
    given = read_query(request, (*FILTER_NAMES, "ordering", "page_size", "cursor"))
    selection = read_selection(given)
    page = PageRequest(selection.ordering, _page_size(given), _cursor(given, selection.ordering))
    return selection, page


def _ordering(given: Mapping[str, str]) -> str:
    ordering = given.get("ordering", DEFAULT_ORDERING)
    if ordering not in ORDERINGS:
        raise _refused("ordering", ordering, f"one of {', '.join(ORDERINGS)}")
    return ordering


def _page_size(given: Mapping[str, str]) -> int:
    text = given.get("page_size", str(DEFAULT_PAGE_SIZE))
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MOST_PAGE_SIZE))
    if not (is_number and 1 <= int(text) <= MOST_PAGE_SIZE):
        raise _refused("page_size", text, f"1 to {MOST_PAGE_SIZE}")
    return int(text)


def _cursor(given: Mapping[str, str], ordering: str) -> Cursor | None:
    if (text := given.get("cursor")) is None:
        return None
    try:
        cursor = Cursor.decode(text)
    except ValueError as error:
        raise _refused("cursor", text, str(error)) from error
    if cursor.ordering != ordering:
        raise _refused("cursor", text, f"one of the ordering {ordering}, not {cursor.ordering}")
    return cursor


def _refused(name: str, text: str, expected: str) -> ValidationError:
    return ValidationError({name: [f"got {shorten(text)!r}, expected {expected}"]})


class FilteredListMixin(ReadOnlyModelViewSet[Complaint]):
    """`list` and `retrieve` of complaints, each with an ETag and 304.

    The pagination class and the serializer document the list; `rendering` writes it.
    """

    public_rows = Complaint.objects.values_list(*KEY_COLUMNS, *PROMISE_COLUMNS)

    @method_decorator(conditional_page)
    def list(self, request: Request) -> HttpResponseBase:  # type: ignore[override]
        """One page of the complaints that the parameters choose."""
        selection, wanted = read_list(request)
        page = wanted.cut(selection.chosen.rows(), (*KEY_COLUMNS, *PROMISE_COLUMNS))
        body = render(
            RenderedPage(
                _address(request, page.next),
                _address(request, page.previous),
                public_complaints(page.rows),
            )
        )
        return _json(body)

    @method_decorator(conditional_page)
    @method_decorator(vary_on_headers("Authorization", "Cookie"))
    def retrieve(self, request: Request, id: str) -> HttpResponseBase:  # type: ignore[override]
        """One complaint."""
        read_query(request, ())
        if not isinstance(request.user, User):
            row = get_object_or_404(self.public_rows, public_id=id)
            return _json(render(*public_complaints([row])))
        complaint = self.get_object()
        seen = sight(request.user, complaint)
        if seen is Sight.PUBLIC:
            return _json(render(PublicComplaint(**public_fields(complaint))))
        body = SeenComplaintSerializer(complaint, context={"sight": seen}).data
        return Response(body, headers={"Cache-Control": "private"})


def _json(body: bytes) -> HttpResponse:
    return HttpResponse(body, content_type="application/json")


def _address(request: Request, cursor: Cursor | None) -> str | None:
    if cursor is None:
        return None
    return replace_query_param(request.build_absolute_uri(), "cursor", cursor.encoded())
