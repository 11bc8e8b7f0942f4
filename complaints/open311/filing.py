"""`POST requests`: a service request becomes a complaint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from complaints.catalogue import UnknownType
from complaints.cities import find_type
from complaints.filing import answer_filing, filer
from complaints.filing_serializers import FilingSerializer
from complaints.intake import Contact, Filing, Prepared, prepare, store
from complaints.models import City
from complaints.open311 import parameters
from complaints.open311.base import need_key
from complaints.open311.definitions import answers
from complaints.open311.parameters import Reader, Sent, one
from complaints.open311.service_requests import notice
from complaints.receipts import Answer, Draft
from smart311.georeport import answer

CHANNEL = "open311"
FORM = (
    *("service_code*", "lat", "long", "address_string", "description", "media_url"),
    *("email", "phone", "first_name", "last_name", "api_key", "jurisdiction_id"),
)
"""The fields that are read, and attributes; the needed one with an asterisk."""
OURS = {
    "address_string": "address",
    "description": "description",
    "media_url": "media_url",
}
"""Our names of what is stored as it is sent."""
THEIRS = {
    **{ours: theirs for theirs, ours in OURS.items()},
    "latitude": "lat",
    "longitude": "long",
    "name": "first_name",
}
NO_FILES = (
    "got a file, and none are stored here: send the address of the picture as media_url, or the "
    "request without it"
)


class Accepted(msgspec.Struct, frozen=True):
    """What is answered to whoever files."""

    service_request_id: str
    service_notice: str | None
    account_id: None = None


def file(request: Request, suffix: str) -> HttpResponse:
    """Store what a form has. Raises what GeoReport calls 400, 403 and 404."""
    given = parameters.sent(request)
    city = parameters.jurisdiction(given)
    need_key(request)
    if request.FILES:
        raise ValidationError({name: [NO_FILES] for name in request.FILES})
    payload = {name: values for name, values in given.items() if name != "api_key"}
    stored = answer_filing(request, city, "open311", lambda: _draft(request, city, given), payload)
    response = answer(suffix, "service_requests", [json.loads(stored.content)])
    if "Idempotency-Replayed" in stored:
        response["Idempotency-Replayed"] = stored["Idempotency-Replayed"]
    return response


def _draft(request: Request, city: City, given: Sent) -> Draft:
    prepared = prepare(city, [_filing(request, city, given)])
    complaint = prepared[0].complaint
    body = msgspec.json.encode(_accepted(prepared[0], city)).decode()
    return Draft(Answer(200, body, complaint_id=complaint.pk), lambda: store(prepared))


def _accepted(prepared: Prepared, city: City) -> Accepted:
    complaint = prepared.complaint
    promise = (
        complaint.promised_median_hours,
        complaint.promised_p10_hours,
        complaint.promised_p90_hours,
    )
    return Accepted(complaint.public_id, notice(complaint.created_at, promise, city))


def _filing(request: Request, city: City, given: Sent) -> Filing:
    code = one(given, "service_code")
    if code is None:
        raise ValidationError({"service_code": ["is missing"]})
    try:
        kind = find_type(city, code)
    except UnknownType as error:
        raise NotFound(f"service_code: {error}") from error
    checked = _checked(city, given, kind.code)
    contact = Contact(**checked.pop("reporter"))
    return Filing(
        **{**checked, "complaint_type": kind},
        created_at=timezone.now(),
        channel=CHANNEL,
        attributes=answers(kind, given, city.zone),
        filed_by=filer(request),
        reporter=contact if any((contact.name, contact.email, contact.phone)) else None,
    )


def _checked(city: City, given: Sent, code: str) -> dict[str, Any]:
    """The form as FilingSerializer reads it; errors have the names of the form."""
    _need_a_place(given)
    reader = Reader(given)
    reader.together("lat", "long")
    latitude = reader.read("lat", parameters.latitude)
    longitude = reader.read("long", parameters.longitude)
    reader.finish()
    texts = {ours: one(given, theirs) for theirs, ours in OURS.items()}
    names = (one(given, "first_name"), one(given, "last_name"))
    reporter = {
        "name": " ".join(filter(None, names)),
        "email": one(given, "email") or "",
        "phone": one(given, "phone") or "",
    }
    data = {
        "complaint_type": code,
        "latitude": latitude,
        "longitude": longitude,
        "reporter": reporter,
        **{name: text for name, text in texts.items() if text is not None},
    }
    try:
        return FilingSerializer.read(data, city=city)
    except ValidationError as error:
        raise ValidationError(_renamed(error.detail)) from error


def _need_a_place(given: Sent) -> None:
    if {"lat", "long", "address_string"} & given.keys():
        return
    if "address_id" in given:
        raise ValidationError(
            {"address_id": ["no addresses are kept here: expected lat and long, or address_string"]}
        )
    raise ValidationError({"lat": ["is missing: expected lat and long, or address_string"]})


def _renamed(detail: Any) -> Any:
    """Errors by the names of the form, the reporter's fields among them."""
    if not isinstance(detail, Mapping):
        return detail
    flat = {**detail, **detail.get("reporter", {})}
    flat.pop("reporter", None)
    return {THEIRS.get(name, name): errors for name, errors in flat.items()}
