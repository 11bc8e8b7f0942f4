"""`/api/v1/complaints.csv` and `/api/v1/complaints.geojson`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from complaints.exports import csv_file, geojson_file
from complaints.listing import FILTER_DOCUMENTATION, read_export
from complaints.models.complaint import ComplaintQuerySet
from complaints.paging import in_order

CSV = "text/csv"
GEOJSON = "application/geo+json"


class PathDecides(BaseContentNegotiation):
    """The path names the format: an `Accept` that asks for another is no reason to refuse."""

    def select_renderer(
        self, request: Any, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        """The first, which only errors need."""
        return renderers[0], renderers[0].media_type

    def select_parser(self, request: Any, parsers: Any) -> Any:
        """Nothing is parsed."""
        return None


class ExportView(APIView):
    """Every complaint that the parameters choose, streamed while it is read."""

    permission_classes = (AllowAny,)
    content_negotiation_class = PathDecides
    renderer_classes = (JSONRenderer,)

    def stream(
        self,
        request: Request,
        write: Callable[[ComplaintQuerySet], Iterator[bytes]],
        media_type: str,
        file_name: str,
    ) -> StreamingHttpResponse:
        """The file that `write` makes of the chosen rows."""
        selection = read_export(request)
        rows = in_order(selection.chosen.rows(), selection.ordering)
        return StreamingHttpResponse(
            write(rows),
            content_type=media_type,
            headers={
                "Content-Disposition": f'attachment; filename="{file_name}"',
                # A proxy that gathered the file first would undo the streaming.
                "X-Accel-Buffering": "no",
            },
        )


class CsvExportView(ExportView):
    """Complaints as CSV."""

    @extend_schema(
        operation_id="complaints_csv",
        summary="Complaints as CSV",
        description="RFC 4180 with a header; the list's fields, the forecast as five columns. A "
        "cell that begins with = + - @, tab or carriage return and is no number gets a leading "
        "apostrophe, so that no spreadsheet takes it for a formula.",
        parameters=FILTER_DOCUMENTATION,
        responses={(200, CSV): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Stream the file."""
        return self.stream(request, csv_file, f"{CSV}; charset=utf-8", "complaints.csv")


class GeoJsonExportView(ExportView):
    """Complaints as GeoJSON."""

    @extend_schema(
        operation_id="complaints_geojson",
        summary="Complaints as GeoJSON",
        description="RFC 7946: a FeatureCollection with one feature a line. A complaint whose "
        "place is not known is in it with `geometry` null, so that the file holds what the list "
        "holds.",
        parameters=FILTER_DOCUMENTATION,
        responses={(200, GEOJSON): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        """Stream the file."""
        return self.stream(request, geojson_file, GEOJSON, "complaints.geojson")
