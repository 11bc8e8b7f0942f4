"""The complaints behind the numbers, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.filters import ComplaintFilter
from complaints.models import Complaint
from complaints.paging import Cursor, PageRequest
from complaints.phrases import hours_in_words
from dashboard.selection import BEGINNING, Selection

PAGE_SIZE = 25
COLUMNS = (
    "public_id",
    "complaint_type__name",
    "descriptor",
    "agency__code",
    "district__name",
    "address",
    "status",
    "created_at",
    "closed_at",
)
STATUSES = {
    "open": gettext_lazy("Open"),
    "in_progress": gettext_lazy("In progress"),
    "closed": gettext_lazy("Closed"),
}
SHOWN = {
    "filed": gettext_lazy("Filed in this time"),
    "closed": gettext_lazy("Closed in this time"),
    "open": gettext_lazy("Open now"),
    "late": gettext_lazy("Open past their forecast"),
    "missed": gettext_lazy("Later than promised"),
}


@dataclass(frozen=True)
class ComplaintRow:
    """A line of the table."""

    address: str
    kind: str
    descriptor: str
    agency: str
    district: str
    place: str
    status: str
    status_name: str
    created_at: datetime
    took: str


@dataclass(frozen=True)
class Rows:
    """A page of complaints; `next` and `previous` are queries, empty where there is no page."""

    shown: str
    choices: list[tuple[str, str, str]]
    rows: list[ComplaintRow]
    next: str
    previous: str
    csv: str
    geojson: str


def read_rows(given: QueryDict, selection: Selection) -> Rows:
    """One page, in one query."""
    shown = given.get("rows", "filed")
    shown = shown if shown in SHOWN else "filed"
    ordering = "-closed_at" if shown == "closed" else "-created_at"
    cursor = _cursor(given.get("cursor", ""), ordering)
    page = PageRequest(ordering, PAGE_SIZE, cursor).cut(_chosen(shown, selection).rows(), COLUMNS)
    query = _api_query(shown, selection)
    return Rows(
        shown=shown,
        choices=[(name, str(title), selection.query(rows=name)) for name, title in SHOWN.items()],
        rows=[_row(*values) for values in page.rows],
        next=selection.query(rows=shown, cursor=page.next.encoded()) if page.next else "",
        previous=selection.query(rows=shown, cursor=page.previous.encoded())
        if page.previous
        else "",
        csv=f"{reverse('complaints-csv')}?{query}",
        geojson=f"{reverse('complaints-geojson')}?{query}",
    )


def _chosen(shown: str, selection: Selection) -> ComplaintFilter:
    if shown == "closed":
        return selection.closed
    if shown == "open":
        return selection.waiting
    if shown == "late":
        return replace(selection.waiting, predicted_late=True)
    if shown == "missed":
        return replace(selection.filed, predicted_late=True)
    return selection.filed


def _api_query(shown: str, selection: Selection) -> str:
    """The same complaints as the API's parameters."""
    if shown == "closed":
        bounded = selection.start_at or selection.end_at
        any_time = {} if bounded else {"closed_after": BEGINNING.isoformat()}
        return selection.api_query(basis="closed", **any_time)
    if shown in {"open", "late"}:
        late = {"predicted_late": "true"} if shown == "late" else {}
        status = ",".join(selection.waiting.status or ())
        undated = replace(selection, start_at=None, end_at=None)
        return undated.api_query(status=status, **late)
    if shown == "missed":
        return selection.api_query(predicted_late="true")
    return selection.api_query()


def _cursor(text: str, ordering: str) -> Cursor | None:
    """The page asked for; a cursor that is none of ours, or of another order, is the first page."""
    try:
        cursor = Cursor.decode(text) if text else None
    except ValueError:
        return None
    return cursor if cursor and cursor.ordering == ordering else None


def _row(
    public_id: str,
    kind: str,
    descriptor: str,
    agency: str | None,
    district: str | None,
    place: str,
    status: str,
    created_at: datetime,
    closed_at: datetime | None,
) -> ComplaintRow:
    return ComplaintRow(
        address=reverse("dashboard:complaint", args=[public_id]),
        kind=kind,
        descriptor=descriptor,
        agency=agency or "–",
        district=district or "–",
        place=place,
        status=status,
        status_name=str(STATUSES[status]),
        created_at=created_at,
        took=_took(status, created_at, closed_at),
    )


def _took(status: str, created_at: datetime, closed_at: datetime | None) -> str:
    if closed_at is None or status != Complaint.Status.CLOSED:
        return ""
    seconds = (closed_at - created_at).total_seconds()
    return hours_in_words(seconds / 3600) if seconds else _("at once")
