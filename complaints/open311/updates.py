"""`servicerequestupdates`: what happened to requests, told and taken.

No part of the standard, but what FixMyStreet and its peers exchange:
https://fixmystreet.org/customising/integration/open311-extensions/
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request

from complaints import lifecycle
from complaints.access import works_on
from complaints.fields import CLOCK_SKEW
from complaints.filter_parameters import Lookup, comma_list
from complaints.models import City, Complaint, ComplaintEvent
from complaints.open311 import choosing, parameters
from complaints.open311.base import GeoReportView, need_key
from complaints.open311.definitions import MOST_TEXT
from complaints.open311.parameters import Reader, one
from complaints.open311.schema import PAGES, UPDATE_FILTERS, documented
from complaints.open311.service_requests import CLOSED, OPEN, moment
from complaints.open311.views import found
from smart311.georeport import answer

FORM = (
    *("service_request_id*", "description", "status", "updated_datetime"),
    *("api_key", "jurisdiction_id"),
)
ROOT = "service_request_updates"
_Kind = ComplaintEvent.Kind
STEPS = (_Kind.STATUS_CHANGED, _Kind.CLOSED, _Kind.REOPENED, _Kind.COMMENTED)
"""Events that are updates; others tell staff what they did."""
IN_PROGRESS = "in_progress"
WORDS = {OPEN, IN_PROGRESS, CLOSED}


class Update(msgspec.Struct, frozen=True):
    """One step of one request, and the status since."""

    update_id: str
    service_request_id: str
    status: str
    updated_datetime: str
    description: str | None


class UpdatesView(GeoReportView):
    """Updates, read and sent."""

    @documented(
        Update,
        "GeoReportUpdates",
        "Open311: what happened to requests, newest first",
        "Changes of status and public remarks by when they were recorded.",
        parameters={**UPDATE_FILTERS, **PAGES},
    )
    def get(self, request: Request, suffix: str) -> HttpResponse:
        """Public ones, the newest first, by when they were recorded: so none is missed."""
        given = parameters.sent(request)
        city = parameters.jurisdiction(given)
        reader = Reader(given)
        lookup = Lookup()
        lookup.city = city
        ids = reader.read("service_request_id", comma_list)
        start, end = choosing.window(reader, lookup, timezone.now(), is_whole=bool(ids))
        page, size = choosing.pages(reader)
        reader.finish()
        events = ComplaintEvent.objects.filter(complaint__city=city, kind__in=STEPS, is_public=True)
        chosen = {
            "complaint__public_id__in": ids,
            "recorded_at__gte": start,
            "recorded_at__lt": end,
        }
        events = events.filter(**{name: value for name, value in chosen.items() if value})
        ordered = _told(events.order_by("-recorded_at", "-pk"))
        return answer(suffix, ROOT, _updates(ordered[(page - 1) * size : page * size]))

    @documented(
        Update,
        "GeoReportUpdated",
        "Open311: tell what happened to a request",
        "From staff who work on it a status and a public remark, from whoever filed it a remark "
        "for staff.",
        form=FORM,
    )
    def post(self, request: Request, suffix: str) -> HttpResponse:
        """Take one: from staff a status and a public remark, from the filer a remark for staff."""
        given = parameters.sent(request)
        city = parameters.jurisdiction(given)
        need_key(request)
        complaint = _complaint(request, city, one(given, "service_request_id"))
        is_staff = works_on(request.user, complaint)
        reader = Reader(given)
        status = reader.read("status", _status)
        text = reader.read("description", _text) or ""
        at = reader.read("updated_datetime", _past(city))
        reader.finish()
        if not (status or text):
            raise ValidationError({"description": ["is missing: expected it, or a status"]})
        if is_staff:
            _step(complaint, status, at or timezone.now(), text, request.user)
        else:
            _remark(complaint, status, text, request.user)
        newest = _told(complaint.events.order_by("-pk"))[:1]
        return answer(suffix, ROOT, _updates(newest))


def _complaint(request: Request, city: City, public_id: str | None) -> Complaint:
    """The one that is told of. Raises NotFound, and PermissionDenied for whom it is no business."""
    if public_id is None:
        raise ValidationError({"service_request_id": ["is missing"]})
    complaint = found(city, public_id).select_related("city", "agency").get()
    if complaint.filed_by_id != request.user.pk and not works_on(request.user, complaint):
        raise PermissionDenied(
            "This key neither filed the request nor belongs to staff who work on it."
        )
    return complaint


def _status(text: str) -> str:
    status = text.lower().replace(" ", "_").replace("-", "_")
    if status not in WORDS:
        raise ValueError(f"one of {', '.join(sorted(WORDS))}")
    return status


def _text(text: str) -> str:
    if len(text) > MOST_TEXT:
        raise ValueError(f"at most {MOST_TEXT} characters")
    return text


def _past(city: City) -> Any:
    lookup = Lookup()
    lookup.city = city

    def read(text: str) -> datetime:
        at = lookup.moment(text)
        if at > timezone.now() + CLOCK_SKEW:
            raise ValueError("a time that has been")
        return at

    return read


def _step(
    complaint: Complaint, status: str | None, at: datetime, text: str, actor: lifecycle.Actor
) -> None:
    """Bring the complaint into the status; the text goes with a closing, or is a public remark."""
    if status == CLOSED and complaint.is_open:
        try:
            lifecycle.close(complaint, at, text, actor)
        except ValueError as error:
            raise ValidationError({"updated_datetime": [str(error)]}) from error
        return
    with lifecycle.acting_as(actor):
        if status in {OPEN, IN_PROGRESS}:
            if not complaint.is_open:
                lifecycle.reopen(complaint, actor)
            if status != complaint.status:
                lifecycle.change(complaint, {"status": status}, actor)
        if text:
            lifecycle.comment(complaint, text, True, actor)


def _remark(complaint: Complaint, status: str | None, text: str, actor: lifecycle.Actor) -> None:
    """What the filer says: staff read it, the public does not, and the status stays."""
    if status and (status == CLOSED) == complaint.is_open:
        raise PermissionDenied("The status is for staff who work on the request to change.")
    if text:
        lifecycle.comment(complaint, text, False, actor)


def _told(events: QuerySet[ComplaintEvent]) -> QuerySet[Any]:
    """Events with what an update says besides: the request, and the last turn of its status."""
    turning = ComplaintEvent.objects.filter(
        pk__lte=OuterRef("pk"),
        complaint=OuterRef("complaint"),
        kind__in=(_Kind.CLOSED, _Kind.REOPENED),
    ).order_by("-pk")
    return events.annotate(
        public_id=F("complaint__public_id"),
        resolution=F("complaint__resolution"),
        since=Subquery(turning.values("kind")[:1]),
    )


def _updates(events: Iterable[Any]) -> list[Update]:
    return [
        Update(
            update_id=str(event.pk),
            service_request_id=event.public_id,
            status=CLOSED if event.since == _Kind.CLOSED else OPEN,
            updated_datetime=moment(event.recorded_at),
            description=(event.resolution if event.kind == _Kind.CLOSED else event.text) or None,
        )
        for event in events
    ]
