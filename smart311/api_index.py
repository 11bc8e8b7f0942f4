"""`/api/v1/`: where everything is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from smart311 import __version__
from smart311.query_strings import read_query

PREFIX = "api/v1/"


class ApiIndexSerializer(serializers.Serializer[Any]):
    """What there is, and where."""

    service_version = serializers.CharField()
    documentation = serializers.URLField(help_text="For people")
    schema = serializers.URLField(help_text="OpenAPI, for programs")
    collections = serializers.DictField(
        child=serializers.URLField(), help_text="Whatever can be read without naming one thing"
    )


class ApiIndexView(APIView):
    """The addresses of the API."""

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="index",
        summary="What there is, and where",
        description="The addresses that a GET reads without more, by their path.",
        responses=ApiIndexSerializer,
    )
    def get(self, request: Request) -> Response:
        """Answer with addresses."""
        read_query(request, ())
        return Response(
            {
                "service_version": __version__,
                "documentation": request.build_absolute_uri(reverse("docs")),
                "schema": request.build_absolute_uri(reverse("schema")),
                "collections": {
                    path.removeprefix(f"/{PREFIX}"): request.build_absolute_uri(path)
                    for path in sorted(_readable_paths())
                },
            }
        )


def _readable_paths() -> Iterator[str]:
    """Paths of the API that have no parameters and answer GET."""
    for part in get_resolver().url_patterns:
        if isinstance(part, URLResolver) and str(part.pattern) == PREFIX:
            for route in part.url_patterns:
                if isinstance(route, URLPattern) and _is_readable(route):
                    yield reverse(str(route.name))


def _is_readable(route: URLPattern) -> bool:
    view: Any = route.callback
    if route.pattern.regex.groups:
        return False
    return "get" in view.actions if hasattr(view, "actions") else hasattr(view.cls, "get")
