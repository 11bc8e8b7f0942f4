"""Forecasts and model versions over HTTP."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.viewsets import ReadOnlyModelViewSet, ViewSet

from predictions.answers import answer
from predictions.models import ModelVersion
from predictions.serializers import ModelVersionSerializer, PredictionSerializer
from predictions.serving import serving
from smart311.pagination import InOrderPagination

_parameters = [
    OpenApiParameter(
        "complaint_type",
        OpenApiTypes.STR,
        OpenApiParameter.PATH,
        description="Code, official name in any case, or alias",
    ),
    OpenApiParameter("latitude", OpenApiTypes.DOUBLE, description="Degrees, WGS 84, in the city"),
    OpenApiParameter("longitude", OpenApiTypes.DOUBLE, description="Degrees, WGS 84, in the city"),
    OpenApiParameter(
        "created_date",
        OpenApiTypes.DATETIME,
        description="When it is filed; now if not given, the city's clock without an offset",
    ),
]


class PredictionViewSet(ViewSet):
    """When will a complaint be closed?"""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        summary="Forecast of one complaint", parameters=_parameters, responses=PredictionSerializer
    )
    def retrieve(self, request: Request, complaint_type: str) -> HttpResponse:
        """Answer with the median, a range, and the chances of being closed in 1, 3 and 7 days."""
        found = answer(
            serving.state().get(settings.CITY),
            complaint_type,
            request.META["QUERY_STRING"],
            timezone.now(),
            request.META.get("REQUEST_ID", ""),
        )
        return HttpResponse(
            found.body, found.content_type, status=found.status, headers=found.headers
        )


@extend_schema_view(
    list=extend_schema(summary="Model versions"),
    retrieve=extend_schema(summary="One model version"),
)
class ModelVersionViewSet(ReadOnlyModelViewSet[ModelVersion]):
    """The registry of trained models, with their evaluation."""

    queryset = ModelVersion.objects.without_bytes().defer("header").select_related("city")
    serializer_class = ModelVersionSerializer
    pagination_class = InOrderPagination
    permission_classes = (AllowAny,)
    lookup_field = "version"
    lookup_value_regex = "[^/]+"
