"""GeoReport v2 in the schema of the API: parameters, and shapes made of the structs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers

from smart311.georeport import JSON, XML
from smart311.georeport_schema import MEDIA_TYPES

Method = TypeVar("Method", bound=Callable[..., Any])
_FIELDS: dict[Any, type[serializers.Field[Any, Any, Any, Any]]] = {
    str: serializers.CharField,
    int: serializers.IntegerField,
    float: serializers.FloatField,
    bool: serializers.BooleanField,
    NoneType: serializers.CharField,
}
FILTERS = {
    "service_request_id": "These ids, with commas; every other filter is left aside",
    "service_code": "Of these services, with commas",
    "status": "open, closed or both",
    "start_date": "Filed at or after it; ISO 8601",
    "end_date": "Filed until it, itself included; at most 90 days after start_date",
    "updated_after": "Changed at or after it",
    "updated_before": "Changed until it, itself included",
    "agency_responsible": "Of these agencies by name or code, with commas",
    "lat": "Degrees, with long: within radius of that point",
    "long": "Degrees",
    "radius": "Metres, 500 if not given",
    "lat_ne": "Degrees, with the next three: in that box",
    "long_ne": "Degrees",
    "lat_sw": "Degrees",
    "long_sw": "Degrees",
    "q": "Words, as in a web search",
    "just_count": "true: the number alone",
}
EXTENSIONS = {"extensions": "true: the promise in numbers and the public history"}
PAGES = {"page": "From 1", "page_size": "Rows a page, 1 to 1,000"}
UPDATE_FILTERS = {
    "service_request_id": "Of these requests, with commas",
    "start_date": "Recorded at or after it",
    "end_date": "Recorded until it, itself included",
}
FILES = {
    "rss": ("application/rss+xml", OpenApiTypes.STR),
    "geojson": ("application/geo+json", OpenApiTypes.OBJECT),
    "csv": ("text/csv", OpenApiTypes.STR),
}
CITY = {"jurisdiction_id": "The city; needed only where the server says so"}


class GeoReportKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The key where GeoReport has it."""

    target_class = "complaints.open311.base.GeoReportKey"
    name = "geoReportKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """The scheme object."""
        return {
            "type": "apiKey",
            "in": "query",
            "name": "api_key",
            "description": "The same key as `api_key`, in the query string or in the form.",
        }


def shape(struct: type[msgspec.Struct], name: str) -> Any:
    """A serializer that documents a struct as the component `name`."""
    hints = get_type_hints(struct)
    fields = {field: _field(hints[field]) for field in struct.__struct_fields__}
    return inline_serializer(name, fields)


def _field(hint: Any) -> serializers.Field[Any, Any, Any, Any]:
    if get_origin(hint) is list:
        (inner,) = get_args(hint)
        if inner in _FIELDS:
            return serializers.ListField(child=_FIELDS[inner]())
        found = type(shape(inner, f"GeoReport{inner.__name__}"))(many=True)
    elif get_origin(hint) is UnionType:
        (inner,) = (each for each in get_args(hint) if each is not NoneType)
        found = _FIELDS[inner](allow_null=True)
    elif hint in _FIELDS:
        found = _FIELDS[hint](allow_null=hint is NoneType)
    else:
        found = shape(hint, f"GeoReport{hint.__name__}")
    return found  # type: ignore[no-any-return]


def documented(
    struct: type[msgspec.Struct],
    name: str,
    summary: str,
    description: str,
    *,
    parameters: dict[str, str] | None = None,
    is_one: bool = False,
    form: Iterable[str] | None = None,
    suffixes: Collection[str] = (JSON, XML),
) -> Callable[[Method], Method]:
    """What a method answers: a struct (`is_one`) or a list of them, in JSON; and the same in XML.

    `form` has the fields of its body, the needed ones with an asterisk.
    """
    body = shape(struct, name)
    answers: dict[Any, Any] = {
        (200, MEDIA_TYPES[JSON]): body if is_one else type(body)(many=True),
        (200, MEDIA_TYPES[XML]): OpenApiTypes.STR,
    }
    answers |= {(200, kind): what for each, (kind, what) in FILES.items() if each in suffixes}
    query = {**(parameters or {}), **CITY}
    told = [OpenApiParameter(each, str, description=text) for each, text in query.items()]
    suffix = OpenApiParameter(
        "suffix", str, OpenApiParameter.PATH, enum=sorted(suffixes), description="The format"
    )
    return extend_schema(
        summary=summary,
        description=description,
        parameters=[*told, suffix],
        request={"application/x-www-form-urlencoded": _form(form)} if form else None,
        responses=answers,
        operation_id=f"open311_{name.removeprefix('GeoReport').lower()}",
        tags=["open311"],
    )


def _form(names: Iterable[str]) -> dict[str, Any]:
    given = list(names)
    needed = [name.rstrip("*") for name in given if name.endswith("*")]
    kinds = dict.fromkeys(("lat", "long"), "number")
    properties = {
        name: {"type": kinds.get(name, "string")} for name in (each.rstrip("*") for each in given)
    }
    return {"type": "object", "properties": properties, "required": needed}
