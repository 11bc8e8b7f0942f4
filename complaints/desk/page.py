"""What one complaint's page shows beside its fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import shapely
from django.contrib.auth.models import User
from django.urls import reverse

from complaints.access import worked_by
from complaints.desk.steps import steps_for
from complaints.desk.words import ago, due
from complaints.forecasting import Forecast, NoForecast
from complaints.history import fresh_forecast
from complaints.models import Complaint, ComplaintEvent, DistrictBoundary
from complaints.models.promise import is_beyond_horizon
from complaints.neighbours import DUPLICATE_METRES, Neighbour, similar
from complaints.phrases import (
    chance_in_words,
    forecast_in_words,
    hours_in_words,
    moment_in_words,
    queue_in_words,
    reason_in_words,
)

MOST_EVENTS = 200
BOUNDARY_TOLERANCE = 0.0003
"""Degrees, about 30 m: a district's outline need not be finer on this map."""
_HOUR = timedelta(hours=1)

TOLD = {
    ComplaintEvent.Kind.OPENED: "Filed",
    ComplaintEvent.Kind.STATUS_CHANGED: "Status",
    ComplaintEvent.Kind.ASSIGNED: "Assigned",
    ComplaintEvent.Kind.COMMENTED: "Remark",
    ComplaintEvent.Kind.DUPLICATE_LINKED: "Duplicate of",
    ComplaintEvent.Kind.DUPLICATE_UNLINKED: "No duplicate of",
    ComplaintEvent.Kind.CLOSED: "Closed",
    ComplaintEvent.Kind.REOPENED: "Reopened",
    ComplaintEvent.Kind.CORRECTED: "Corrected",
    ComplaintEvent.Kind.ERASED: "Personal data erased",
}


@dataclass(frozen=True)
class Told:
    """A step of its history, as it is read."""

    at: str
    title: str
    text: str
    by: str
    is_private: bool


def told(event: ComplaintEvent, complaint: Complaint) -> Told:
    """An event in words, by the city's clock."""
    kind = ComplaintEvent.Kind(event.kind)
    return Told(
        at=moment_in_words(complaint.city.localise(event.occurred_at)),
        title=TOLD[kind],
        text=event.text.replace("_", " ") if kind == kind.STATUS_CHANGED else event.text,
        by=event.actor.get_username() if event.actor else "",
        is_private=not event.is_public,
    )


def page_of(complaint: Complaint, user: User, now: datetime) -> dict[str, Any]:
    """Everything but the form; `complaint` has `deadline_at` and `risk`."""
    near = similar(complaint, now)
    linked = _linked(near, user)
    return {
        "complaint": complaint,
        "facts": facts(complaint, now),
        "promise": promise(complaint),
        "forecast": forecast_lines(complaint, now),
        "timeline": timeline(complaint),
        "near": [
            (neighbour, _near_words(neighbour), linked.get(neighbour.complaint.id))
            for neighbour in near
        ],
        "map": map_of(complaint, near, linked),
        "steps": [(step, step.form(complaint)) for step in steps_for(complaint)],
        "duplicates": list(complaint.duplicates.order_by("pk")[:MOST_EVENTS]),
        "has_reporter": hasattr(complaint, "reporter"),
    }


def facts(complaint: Any, now: datetime) -> list[tuple[str, str]]:
    """What matters at a glance."""
    city = complaint.city
    filed = moment_in_words(city.localise(complaint.created_at))
    found = [
        ("Status", complaint.get_status_display()),
        ("Agency", f"{complaint.agency} · {complaint.agency.name}" if complaint.agency else "none"),
        ("Filed", f"{filed}, {ago(complaint.created_at, now)}"),
    ]
    if complaint.closed_at:
        took = (complaint.closed_at - complaint.created_at) / _HOUR
        closed = moment_in_words(city.localise(complaint.closed_at))
        found.append(("Closed", f"{closed}, after {hours_in_words(took)}" if took else closed))
    elif complaint.deadline_at:
        deadline = moment_in_words(city.localise(complaint.deadline_at))
        found.append(("Due", f"{deadline}, {due(complaint.deadline_at, now)}"))
    if complaint.risk is not None:
        found.append(("Risk to be late", chance_in_words(complaint.risk)))
    place = ", ".join(filter(None, (complaint.address, complaint.zip)))
    found.append(("Where", place or "no address"))
    if complaint.district:
        found.append(("District", complaint.district.name))
    if complaint.description:
        found.append(("What was written", complaint.description))
    if complaint.resolution:
        found.append(("What was done", complaint.resolution))
    return found


def promise(complaint: Complaint) -> str:
    """What was promised at its filing."""
    median = complaint.promised_median_hours
    p10, p90 = complaint.promised_p10_hours, complaint.promised_p90_hours
    if median is None or p10 is None or p90 is None:
        return "Nothing was promised at its filing."
    half = (
        f"more than {hours_in_words(median)}"
        if is_beyond_horizon(median)
        else hours_in_words(median)
    )
    end = f"more than {hours_in_words(p90)}" if is_beyond_horizon(p90) else hours_in_words(p90)
    return (
        f"Promised at its filing: {half} as likely as not, eight in ten between "
        f"{hours_in_words(p10)} and {end} (model {complaint.promised_by})."
    )


def forecast_lines(complaint: Complaint, now: datetime) -> list[str]:
    """What the active model says now: the range, what remains, and why."""
    try:
        answer = fresh_forecast(complaint, now)
    except NoForecast as error:
        return [str(error)]
    forecast: Forecast | None = answer["forecast"]
    if forecast is None:
        return [answer["reason"]]
    lines = [forecast_in_words(forecast)]
    if forecast.queue:
        lines.append(queue_in_words(forecast.queue))
    return lines + [reason_in_words(reason) for reason in forecast.reasons or ()]


def timeline(complaint: Complaint) -> list[Told]:
    """Its history, the newest first."""
    events = complaint.events.select_related("actor").order_by("-occurred_at", "-pk")
    return [told(event, complaint) for event in events[:MOST_EVENTS]]


def _linked(near: list[Neighbour], user: User) -> dict[int, str]:
    """Addresses of those of the neighbours that this person works on."""
    rows = Complaint.objects.filter(pk__in=[neighbour.complaint.id for neighbour in near])
    keys = worked_by(user, rows).values_list("pk", flat=True)
    return {key: reverse("admin:complaints_complaint_change", args=[key]) for key in keys}


def _near_words(neighbour: Neighbour) -> str:
    distance = f"{neighbour.distance_metres:.0f} m away"
    if neighbour.hours_to_close is None:
        return f"{distance}, open for {hours_in_words(neighbour.age_hours)}"
    return f"{distance}, closed after {hours_in_words(neighbour.hours_to_close)}"


def map_of(
    complaint: Complaint, near: list[Neighbour], linked: dict[int, str]
) -> dict[str, Any] | None:
    """What the map draws: points in degrees, the district's outline as GeoJSON."""
    if complaint.latitude is None:
        return None
    return {
        "point": [complaint.latitude, complaint.longitude],
        "duplicateMetres": DUPLICATE_METRES,
        "near": [
            {
                "point": [neighbour.complaint.latitude, neighbour.complaint.longitude],
                "isOpen": neighbour.complaint.closed_at is None,
                "words": _near_words(neighbour),
                "id": neighbour.complaint.public_id,
                "address": linked.get(neighbour.complaint.id),
            }
            for neighbour in near
        ],
        "district": _outline(complaint.district_id),
    }


def _outline(district: int | None) -> Any:
    boundary = DistrictBoundary.objects.filter(pk=district).first() if district else None
    if boundary is None:
        return None
    area = shapely.from_wkb(bytes(boundary.polygon))
    return shapely.geometry.mapping(shapely.simplify(area, BOUNDARY_TOLERANCE))
