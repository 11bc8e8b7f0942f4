"""Requests as one CSV, in the columns of GeoReport's bulk form: any length, streamed."""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import Case, CharField, F, Func, TextField, Value, When
from django.db.models.expressions import Combinable
from django.http import StreamingHttpResponse

from complaints.exports import columns_file
from complaints.models import Complaint
from complaints.models.complaint import ComplaintQuerySet
from complaints.open311.service_requests import CLOSED, OPEN
from complaints.publication import SHOWN_DESCRIPTION

CSV = "csv"
CSV_TYPE = "text/csv; charset=utf-8"
_MOMENT = 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
_STATUS = Case(
    When(status=Complaint.Status.CLOSED, then=Value(CLOSED)),
    default=Value(OPEN),
    output_field=TextField(),
)


def _moment(column: str) -> Combinable:
    """ISO 8601 in UTC, whole seconds."""
    in_utc = Func(Value("UTC"), F(column), function="timezone")
    return Func(in_utc, Value(_MOMENT), function="to_char", output_field=CharField())


COLUMNS: Mapping[str, str | Combinable] = {
    "service_request_id": "public_id",
    "requested_datetime": _moment("created_at"),
    "updated_datetime": _moment("updated_at"),
    "closed_date": _moment("closed_at"),
    "status_description": _STATUS,
    "status_notes": "resolution",
    "source": "channel",
    "service_name": "complaint_type__name",
    "service_subtype": "descriptor",
    "description": SHOWN_DESCRIPTION,
    "agency_responsible": "agency__name",
    "address": "address",
    "lat": "latitude",
    "long": "longitude",
}
"""https://wiki.open311.org/GeoReport_v2/bulk"""


def bulk(rows: ComplaintQuerySet) -> StreamingHttpResponse:
    """The file."""
    return StreamingHttpResponse(
        columns_file(rows.order_by("-created_at", "-pk"), COLUMNS),
        content_type=CSV_TYPE,
        headers={
            "Content-Disposition": 'attachment; filename="requests.csv"',
            # A proxy that gathered the file first would undo the streaming.
            "X-Accel-Buffering": "no",
        },
    )
