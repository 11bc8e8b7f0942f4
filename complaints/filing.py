"""Filing complaints over HTTP, once each however often a request is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.contrib.auth.models import User
from django.db import IntegrityError
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from psycopg2.errors import ForeignKeyViolation
from rest_framework import decorators, serializers, status
from rest_framework.exceptions import APIException, ParseError, ValidationError
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.request import Request

from complaints.catalogue import Catalogue
from complaints.cities import cities, default_city
from complaints.filing_answers import filed, filed_many
from complaints.filing_serializers import (
    MOST_AT_ONCE,
    BulkAnswerSerializer,
    FiledSerializer,
    FilingSerializer,
)
from complaints.intake import Contact, Filing, prepare, store
from complaints.lifecycle import acting_as
from complaints.models import City, Complaint
from complaints.neighbours import possible_duplicates
from complaints.receipts import Answer, Draft, KeyReused, StillRunning, answer_once
from complaints.rendering import render
from smart311.parsers import MAX_BODY_BYTES
from smart311.problem_schema import problems
from smart311.problems import NotReady, shorten
from smart311.query_strings import read_query
from smart311.throttling import BulkThrottle

_KEY = re.compile(r"[\x21-\x7e][\x20-\x7e]{6,126}[\x21-\x7e]")
KEY_HEADER = "Idempotency-Key"
KEY_PARAMETER = OpenApiParameter(
    KEY_HEADER,
    {"type": "string", "pattern": f"^{_KEY.pattern}$"},
    OpenApiParameter.HEADER,
    description="8 to 128 printable characters of your choice, new for each complaint. A request "
    "sent again with its key is answered again and stored once; keys are kept for 30 days.",
)
REPLAYED = OpenApiParameter(
    "Idempotency-Replayed",
    str,
    OpenApiParameter.HEADER,
    response=[201],
    description="`true` where the stored answer is sent again",
)
WHY = OpenApiParameter(
    "why", bool, description="`true` answers in `outlook` which facts move the forecast most"
)
LOCATION = OpenApiParameter(
    "Location", str, OpenApiParameter.HEADER, response=[201], description="Path of the complaint"
)
FILING_PROBLEMS = problems(400, 403, 408, 409, 413, 415, 422, 503)


class KeyConflict(APIException):
    """The key belongs to another payload."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_detail = f"This {KEY_HEADER} came before with another payload; choose a new one."
    default_code = "key_reused"


class KeyBusy(APIException):
    """The first request with the key is not answered yet."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "The first request with this key is still running; send it again soon."
    default_code = "still_running"
    wait = 1


def answer_filing(
    request: Request, city: City, door: str, draft: Callable[[], Draft], payload: Any = None
) -> HttpResponse:
    """Store what `draft` makes and answer it, or answer as when this key came first.

    `payload` is what the key belongs to: the parsed body unless it is given.
    """
    key = _key(request)
    try:
        with acting_as(request.user):
            if key is None:
                made = draft()
                made.store()
                answer = made.answer
            else:
                answer = _once(request, city, door, key, draft, payload or request.data)
    except KeyReused as error:
        raise KeyConflict from error
    except StillRunning as error:
        raise KeyBusy from error
    except IntegrityError as error:
        if not isinstance(error.__cause__, ForeignKeyViolation):
            raise
        # This process remembers a type, agency or district that was deleted a moment ago.
        cities.renew()
        raise NotReady("What it refers to has just changed; send it again.") from error
    headers = {"Location": answer.location} if answer.location else {}
    if answer.is_replayed:
        headers["Idempotency-Replayed"] = "true"
    return HttpResponse(answer.body, "application/json", status=answer.status, headers=headers)


def _once(
    request: Request, city: City, door: str, key: str, draft: Callable[[], Draft], payload: Any
) -> Answer:
    who = request.user.pk if request.user and request.user.pk else "anyone"
    try:
        return answer_once(city, f"{door}:{who}", key, payload, draft)
    except RecursionError as error:
        raise ParseError("The JSON is nested too deeply.") from error


def _key(request: Request) -> str | None:
    key = request.headers.get(KEY_HEADER)
    if key is not None and not _KEY.fullmatch(key):
        raise ValidationError(
            {KEY_HEADER: [f"got {len(key)} characters, expected 8 to 128 printable ASCII ones"]}
        )
    return key


def created(body: msgspec.Struct, complaint: Complaint | None = None) -> Answer:
    """A 201 that says where the complaint is, unless it is of many."""
    return Answer(
        status=status.HTTP_201_CREATED,
        body=render(body).decode(),
        location=f"/api/v1/complaints/{complaint.public_id}/" if complaint else "",
        complaint_id=complaint.pk if complaint else None,
    )


class FilingMixin:
    """Filing one complaint, or up to a thousand."""

    action: str

    def get_permissions(self) -> list[BasePermission]:
        """Anybody may file."""
        if self.action in {"create", "bulk"}:
            return [AllowAny()]
        found: list[BasePermission] = super().get_permissions()  # type: ignore[misc]
        return found

    @extend_schema(
        summary="File a complaint",
        description="Stores a complaint and answers it with its public id, the forecast of when "
        "it will be closed (null if there is none just now), and the open complaints that may be "
        "about the same thing.",
        parameters=[KEY_PARAMETER, WHY, REPLAYED, LOCATION],
        request=FilingSerializer,
        responses={201: FiledSerializer, **FILING_PROBLEMS},
    )
    def create(self, request: Request) -> HttpResponse:
        """Store a complaint."""
        why = _yes_or_no(read_query(request, ("why",)), "why")
        city = default_city()
        return answer_filing(request, city, "api", lambda: _file(request, city, why))

    @extend_schema(
        summary="File up to 1,000 complaints, all or none",
        description="If one of them is refused none is stored; errors point into the list, such "
        f"as `/3/latitude`. A body may have {MAX_BODY_BYTES >> 20} MiB.",
        parameters=[KEY_PARAMETER, REPLAYED],
        request=FilingSerializer(many=True),
        responses={
            201: OpenApiResponse(BulkAnswerSerializer, "All are stored"),
            **FILING_PROBLEMS,
        },
    )
    @decorators.action(detail=False, methods=["post"], throttle_classes=[BulkThrottle])
    def bulk(self, request: Request) -> HttpResponse:
        """Store many complaints."""
        read_query(request, ())
        city = default_city()
        return answer_filing(request, city, "bulk", lambda: _file_many(request, city))


def _file(request: Request, city: City, why: bool) -> Draft:
    given = FilingSerializer.read(request.data, city=city)
    now = timezone.now()
    prepared = prepare(city, [_filing(given, now, filer(request))], why=why)
    complaint = prepared[0].complaint
    body = filed(complaint, possible_duplicates(complaint, now), prepared[0].forecast)
    return Draft(created(body, complaint), lambda: store(prepared))


def _file_many(request: Request, city: City) -> Draft:
    serializer: serializers.ListSerializer[Any] = serializers.ListSerializer(
        data=request.data,
        child=FilingSerializer(),
        allow_empty=False,
        max_length=MOST_AT_ONCE,
        context={"city": city, "catalogue": Catalogue.of(city)},
    )
    serializer.is_valid(raise_exception=True)
    now = timezone.now()
    who = filer(request)
    prepared = prepare(city, [_filing(row, now, who) for row in serializer.validated_data])
    body = filed_many([each.complaint for each in prepared])
    return Draft(created(body), lambda: store(prepared))


def _yes_or_no(given: Mapping[str, str], name: str) -> bool:
    """A parameter of the address: true or false, false if it is not given."""
    text = given.get(name, "false")
    if text not in {"true", "false"}:
        raise ValidationError({name: [f"got {shorten(text)!r}, expected true or false"]})
    return text == "true"


def filer(request: Request) -> User | None:
    """Whose key or session files; none if anonymous."""
    return request.user if isinstance(request.user, User) else None


def _filing(given: dict[str, Any], now: datetime, who: User | None) -> Filing:
    contact = given.pop("reporter", None)
    return Filing(
        **{"created_at": now, **given},
        filed_by=who,
        reporter=Contact(**contact) if contact and any(contact.values()) else None,
    )
