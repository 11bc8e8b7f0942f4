"""The methods of GeoReport v2."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from complaints.catalogue import UnknownType
from complaints.cities import find_type, known_city
from complaints.models import City, Complaint, ComplaintType
from complaints.models.complaint import ComplaintQuerySet
from complaints.open311 import choosing, parameters
from complaints.open311.base import GeoReportView
from complaints.open311.bulk import CSV, bulk
from complaints.open311.definitions import Attribute, attributes_of
from complaints.open311.feeds import GEOJSON, RSS, geojson, rss
from complaints.open311.filing import FORM, Accepted, file
from complaints.open311.parameters import Reader
from complaints.open311.schema import EXTENSIONS, FILTERS, PAGES, documented
from complaints.open311.service_requests import ServiceRequest, extended, requests_of
from smart311.georeport import answer
from smart311.problems import shorten

CHANGESET = "2026-11-23T00:00:00Z"
"""When what is served here last changed."""
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"


class Service(msgspec.Struct, frozen=True):
    """What can be reported."""

    service_code: str
    service_name: str
    description: str
    metadata: bool
    type: str
    keywords: str
    group: str


class Endpoint(msgspec.Struct, frozen=True):
    """One address of the standard."""

    specification: str
    url: str
    changeset: str
    type: str
    formats: list[str]


class Discovery(msgspec.Struct, frozen=True):
    """Where this is served."""

    changeset: str
    contact: str
    key_service: str
    endpoints: list[Endpoint]


class Definition(msgspec.Struct, frozen=True):
    """What a service asks."""

    service_code: str
    attributes: list[Attribute]


class Token(msgspec.Struct, frozen=True):
    """The id of a token."""

    service_request_id: str
    token: str


class DiscoveryView(GeoReportView):
    """Where this is served, and how."""

    @documented(
        Discovery,
        "GeoReportDiscovery",
        "Open311: where it is served",
        "GeoReport v2's service discovery; docs/open311.md tells the whole of Open311.",
        is_one=True,
    )
    def get(self, request: Request, suffix: str) -> HttpResponse:
        """One endpoint."""
        city = parameters.jurisdiction(parameters.sent(request))
        endpoint = Endpoint(
            specification=SPECIFICATION,
            url=request.build_absolute_uri("/open311/v2/"),
            changeset=CHANGESET,
            type="production",
            formats=["text/xml", "application/json"],
        )
        body = Discovery(
            changeset=CHANGESET,
            contact=f"Whoever runs 311 of {city.name}: {request.build_absolute_uri('/')}",
            key_service="Administrators of this server make keys: "
            + request.build_absolute_uri("/admin/"),
            endpoints=[endpoint],
        )
        return answer(suffix, "discovery", body)


class ServicesView(GeoReportView):
    """What can be reported."""

    @documented(Service, "GeoReportServices", "Open311: what can be reported", "Every active type.")
    def get(self, request: Request, suffix: str) -> HttpResponse:
        """Every active type."""
        city = parameters.jurisdiction(parameters.sent(request))
        kinds = sorted(known_city(city.slug).catalogue.types, key=lambda kind: kind.name)
        return answer(suffix, "services", [_service(kind) for kind in kinds])


def _service(kind: ComplaintType) -> Service:
    agency = f", worked by {kind.agency.name}" if kind.agency else ""
    return Service(
        service_code=kind.code,
        service_name=kind.name,
        description=f"{kind.name}{agency}",
        metadata=bool(kind.attribute_definitions),
        type="realtime",
        keywords=",".join(kind.keywords),
        group=kind.group,
    )


class ServiceView(GeoReportView):
    """What is asked of whoever reports one thing."""

    @documented(
        Definition,
        "GeoReportDefinition",
        "Open311: what a service asks",
        "The questions whose answers are sent as `attribute[CODE]`.",
        is_one=True,
    )
    def get(self, request: Request, code: str, suffix: str) -> HttpResponse:
        """The service definition."""
        city = parameters.jurisdiction(parameters.sent(request))
        try:
            kind = find_type(city, code)
        except UnknownType as error:
            raise NotFound(f"service_code: {error}") from error
        body = Definition(kind.code, attributes_of(kind))
        return answer(suffix, "service_definition", body)


class RequestsView(GeoReportView):
    """Service requests, read and filed."""

    formats = (*GeoReportView.formats, RSS, GEOJSON, CSV)

    @documented(
        ServiceRequest,
        "GeoReportRequests",
        "Open311: service requests, newest first",
        "Of the last 90 days unless dates say otherwise, up to 1,000. `expected_datetime` is the "
        "forecast's median, `service_notice` its sentence.",
        parameters={**FILTERS, **EXTENSIONS, **PAGES},
        suffixes=formats,
    )
    def get(self, request: Request, suffix: str) -> HttpResponseBase:
        """Those that the parameters choose, the newest first."""
        given = parameters.sent(request)
        city = parameters.jurisdiction(given)
        asked = choosing.read(given, city, timezone.now(), is_whole=suffix == CSV)
        if suffix == CSV:
            return bulk(asked.rows)
        if suffix == RSS:
            return rss(request, city, requests_of(asked.cut(), city))
        if suffix == GEOJSON:
            return geojson(_requests(asked.cut(), city, asked.is_extended))
        if asked.is_count:
            return answer(suffix, "service_requests", {"count": asked.rows.count()})
        return answer(suffix, "service_requests", _requests(asked.cut(), city, asked.is_extended))

    @documented(
        Accepted,
        "GeoReportAccepted",
        "Open311: file a service request",
        "A place is lat and long, or address_string. Answers to the service's questions are "
        "`attribute[CODE]`; multipart is taken as well, files are not.",
        form=FORM,
    )
    def post(self, request: Request, suffix: str) -> HttpResponse:
        """File one."""
        return file(request, suffix)


class RequestView(GeoReportView):
    """One service request."""

    @documented(
        ServiceRequest,
        "GeoReportRequest",
        "Open311: one service request",
        "A list of it alone.",
        parameters=EXTENSIONS,
    )
    def get(self, request: Request, request_id: str, suffix: str) -> HttpResponse:
        """A list of it alone."""
        given = parameters.sent(request)
        city = parameters.jurisdiction(given)
        reader = Reader(given)
        is_extended = reader.read("extensions", parameters.yes_or_no) or False
        reader.finish()
        body = _requests(found(city, request_id), city, is_extended)
        return answer(suffix, "service_requests", body)


class TokenView(GeoReportView):
    """The request of a token. Requests get their id at once, which serves as token as well."""

    @documented(
        Token,
        "GeoReportToken",
        "Open311: the request of a token",
        "Requests get their id at once, which serves as token too.",
    )
    def get(self, request: Request, token: str, suffix: str) -> HttpResponse:
        """Id and token."""
        city = parameters.jurisdiction(parameters.sent(request))
        key = found(city, token).values_list("public_id", flat=True)[0]
        return answer(suffix, "service_requests", [Token(key, key)])


def found(city: City, public_id: str) -> ComplaintQuerySet:
    """The complaint with that id. Raises NotFound."""
    rows = Complaint.objects.filter(city=city, public_id=public_id)
    if "\x00" in public_id or not rows.exists():
        raise NotFound(f"There is no service request {shorten(public_id)!r}.")
    return rows


def _requests(rows: ComplaintQuerySet, city: City, is_extended: bool) -> Sequence[ServiceRequest]:
    return extended(rows, city) if is_extended else requests_of(rows, city)
