"""The classic paths, as clients and load tests of the reference API call them."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Max
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from complaints import cities
from complaints.catalogue import UnknownType
from complaints.cities import default_city
from complaints.filing import (
    FILING_PROBLEMS,
    KEY_PARAMETER,
    LOCATION,
    REPLAYED,
    answer_filing,
    created,
    filer,
)
from complaints.filing_answers import stored
from complaints.filters import ComplaintFilter
from complaints.intake import Filing, prepare, store
from complaints.models import City, Complaint, ComplaintType
from complaints.receipts import Draft
from complaints.rollups.histogram import LARGEST_ERROR
from complaints.serializers import InputSerializer, StoredComplaintSerializer
from complaints.statistics.planning import plan
from complaints.statistics.queries import ask
from complaints.statistics.question import Question
from smart311.accounts.authentication import KeyAuthentication
from smart311.problems import shorten
from smart311.query_strings import read_query

COUNTED_DAYS = 28
"""Four whole weeks, so that every weekday counts equally often."""
NOISE_KINDS = (
    "other",
    "commercial",
    "park",
    "residential",
    "street",
    "vehicle",
    "worship",
    "truck",
)

ExpectedTime = inline_serializer(
    "ExpectedTime",
    {
        "complaint_type": serializers.CharField(help_text="Code of the type"),
        "expected_time": serializers.FloatField(
            help_text=f"Median hours to close, to {LARGEST_ERROR:.1%}"
        ),
    },
)
HourlyCount = inline_serializer(
    "HourlyCount",
    {
        "complaint_type": serializers.CharField(help_text="Code of the type"),
        "hour": serializers.IntegerField(help_text="Hour of the city's clock, 0 to 23"),
        "q": serializers.FloatField(
            help_text=f"Complaints filed in that hour, a day, over the last {COUNTED_DAYS} days"
        ),
    },
)


def find_type(city: City, text: str) -> ComplaintType:
    """The type of a path segment. Raises NotFound that names the nearest ones."""
    try:
        return cities.find_type(city, text)
    except UnknownType as error:
        raise NotFound(str(error)) from error


class ExpectedTimeViewSet(ViewSet):
    """The naive model: the median hours to close of a complaint type."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = ()

    @extend_schema(summary="Median hours to close of a type", responses=ExpectedTime)
    def retrieve(self, request: Request, complaint_type: str) -> Response:
        """Answer with the median over all closed complaints of the type, from a roll-up."""
        read_query(request, ())
        city = default_city()
        kind = find_type(city, complaint_type)
        question = Question(ComplaintFilter(city.slug, (kind.pk,)), figures=("hours",))
        closed, _ = ask(question, plan(question, city), timezone.now())
        median = closed.quantile_hours(0.5)
        if median is None:
            raise NotFound(f"No complaint of the type {kind.code} has been closed yet.")
        return Response({"complaint_type": kind.code, "expected_time": round(median, 4)})

    @extend_schema(
        summary="Median hours to close of a noise complaint",
        parameters=[OpenApiParameter("kind", str, "path", enum=NOISE_KINDS)],
        responses=ExpectedTime,
    )
    def noise(self, request: Request, kind: str) -> Response:
        """Answer for one of the kinds of noise."""
        if kind not in NOISE_KINDS:
            raise NotFound(f"got {shorten(kind)!r}, expected one of {', '.join(NOISE_KINDS)}")
        return self.retrieve(request, f"noise {kind}")


class HourlyCountViewSet(ViewSet):
    """How many complaints of a type an hour of the day brings."""

    permission_classes = (AllowAny,)
    authentication_classes = ()
    throttle_classes = ()

    @extend_schema(
        operation_id="complaints_in_hour",
        summary="Complaints of a type in an hour of the day",
        parameters=[
            OpenApiParameter(
                "hour",
                {"type": "integer", "minimum": 0, "maximum": 23},
                required=True,
                description="City's clock, 0 to 23",
            )
        ],
        responses=HourlyCount,
    )
    def retrieve(self, request: Request, complaint_type: str) -> Response:
        """Answer with the average a day over the last four weeks of data."""
        hour = self._hour(request)
        city = default_city()
        kind = find_type(city, complaint_type)
        until = Complaint.objects.filter(city=city).aggregate(at=Max("created_at"))["at"]
        count = 0
        if until:
            rows = Complaint.objects.filter(
                complaint_type=kind,
                created_at__gt=until - timedelta(days=COUNTED_DAYS),
                created_at__lte=until,
            )
            with timezone.override(city.zone):
                count = rows.filter(created_at__hour=hour).count()
        return Response(
            {"complaint_type": kind.code, "hour": hour, "q": round(count / COUNTED_DAYS, 4)}
        )

    def _hour(self, request: Request) -> int:
        text = read_query(request, ("hour",)).get("hour", "")
        if not (text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= 23):
            raise ValidationError({"hour": [f"got {shorten(text)!r}, expected 0 to 23"]})
        return int(text)


class InputViewSet(ViewSet):
    """Where complaints come in."""

    permission_classes = (AllowAny,)
    # No sessions: a browser's cookie would ask for a CSRF token, which no classic client sends.
    authentication_classes = (KeyAuthentication,)

    @extend_schema(
        summary="File a complaint, the classic way",
        parameters=[KEY_PARAMETER, REPLAYED, LOCATION],
        request=InputSerializer,
        responses={201: StoredComplaintSerializer, **FILING_PROBLEMS},
    )
    def create(self, request: Request) -> HttpResponse:
        """Store a complaint; answer it with its id and its forecast."""
        read_query(request, ())
        city = default_city()
        return answer_filing(request, city, "input", lambda: _file(request, city))


def _file(request: Request, city: City) -> Draft:
    given = InputSerializer.read(request.data, city=city)
    filing = Filing(
        complaint_type=given["complaint_type"],
        created_at=given.get("timestamp") or timezone.now(),
        latitude=given["lat"],
        longitude=given["lon"],
        description=given["description"],
        filed_by=filer(request),
    )
    prepared = prepare(city, [filing])
    complaint = prepared[0].complaint
    return Draft(created(stored(complaint), complaint), lambda: store(prepared))
