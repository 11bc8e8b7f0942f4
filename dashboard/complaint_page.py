"""One complaint: what happened to it, where, what was promised, and how long it may still take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import h3.api.basic_int as h3
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from complaints.forecasting import NoForecast
from complaints.history import fresh_forecast
from complaints.models import Complaint, ComplaintEvent
from complaints.phrases import hours_in_words
from dashboard.answers import Answer
from dashboard.language import in_visitors_language
from dashboard.rows import STATUSES
from dashboard.views import frame
from dashboard.words import moment_in_page

MOST_EVENTS = 200
EVENTS = {
    "opened": gettext_lazy("Filed"),
    "status_changed": gettext_lazy("Status changed"),
    "assigned": gettext_lazy("Given to an agency"),
    "commented": gettext_lazy("Comment"),
    "duplicate_linked": gettext_lazy("Found to repeat another complaint"),
    "duplicate_unlinked": gettext_lazy("Found to repeat no other complaint"),
    "closed": gettext_lazy("Closed"),
    "reopened": gettext_lazy("Opened again"),
    "corrected": gettext_lazy("Corrected"),
    "erased": gettext_lazy("Personal data erased"),
}


@dataclass(frozen=True)
class Step:
    """Something that happened."""

    name: str
    kind: str
    at: datetime
    words: str
    after: str
    text: str


@require_safe
@in_visitors_language
def page(request: HttpRequest, id: str) -> HttpResponse:
    """The page of one complaint."""
    now = timezone.now()
    complaint = (
        Complaint.objects.with_names()
        .select_related("city")
        .filter(city__slug=settings.CITY, public_id=id)
        .first()
    )
    if complaint is None:
        raise Http404
    with timezone.override(complaint.city.zone):
        context = {
            **frame(complaint.city, None, now),
            "complaint": complaint,
            "status_name": STATUSES[complaint.status],
            "steps": steps(complaint),
            "facts": _facts(complaint),
            "promise": _promise(complaint, now),
            **_outlook(complaint, now),
            "hexagon": h3.int_to_str(complaint.cell) if complaint.cell else "",
        }
        return render(request, "dashboard/complaint.html", context)


def steps(complaint: Complaint) -> list[Step]:
    """The public events, the oldest first."""
    found = complaint.events.filter(is_public=True).order_by("occurred_at", "id")[:MOST_EVENTS]
    return [_step(event, complaint) for event in found]


def _step(event: ComplaintEvent, complaint: Complaint) -> Step:
    hours = (event.occurred_at - complaint.created_at) / timedelta(hours=1)
    return Step(
        name=str(EVENTS.get(event.kind, event.kind)),
        kind=event.kind,
        at=event.occurred_at,
        words=moment_in_page(complaint.city.localise(event.occurred_at)),
        after=_("%(time)s after filing") % {"time": hours_in_words(hours)} if hours > 0 else "",
        text=event.text,
    )


def _facts(complaint: Complaint) -> list[tuple[str, str]]:
    facts = [
        (_("Agency"), str(complaint.agency.name) if complaint.agency else ""),
        (_("Area"), str(complaint.district.name) if complaint.district else ""),
        (_("Place"), complaint.address),
        (_("Detail"), complaint.descriptor),
        (_("Channel"), complaint.channel),
        (_("Description"), complaint.shown_description),
        (_("What the agency says it did"), complaint.resolution),
    ]
    return [(name, text) for name, text in facts if text]


def _promise(complaint: Complaint, now: datetime) -> str:
    """What was said at filing, and how it came out so far."""
    low, high = complaint.promised_p10_hours, complaint.promised_p90_hours
    if complaint.promised_median_hours is None or low is None or high is None:
        return ""
    said = _(
        "At filing we said: half within %(median)s, eight in ten between %(low)s and %(high)s."
    ) % {
        "median": hours_in_words(complaint.promised_median_hours),
        "low": hours_in_words(low),
        "high": hours_in_words(high),
    }
    hours = ((complaint.closed_at or now) - complaint.created_at) / timedelta(hours=1)
    if complaint.closed_at is None:
        came = _("It is past that range.") if hours > high else _("That range is not over.")
    elif hours > high:
        came = _("It took longer.")
    elif hours < low:
        came = _("It was closed sooner.")
    else:
        came = _("It was closed within that range.")
    return f"{said} {came}"


def _outlook(complaint: Complaint, now: datetime) -> dict[str, Any]:
    """The forecast as of now, of an open complaint; else how long it took."""
    if complaint.closed_at is not None:
        hours = (complaint.closed_at - complaint.created_at) / timedelta(hours=1)
        took = hours_in_words(hours) if hours else ""
        return {"took": took, "was_instant": not hours}
    open_for = hours_in_words((now - complaint.created_at) / timedelta(hours=1))
    try:
        found = fresh_forecast(complaint, now)
    except NoForecast as error:
        return {"open_for": open_for, "no_forecast": str(error)}
    if found["forecast"] is None:
        return {"open_for": open_for, "no_forecast": found["reason"]}
    return {"open_for": open_for, "answer": Answer.of(found["forecast"], complaint.city)}
