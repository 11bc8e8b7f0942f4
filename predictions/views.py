"""Forecasts and model versions over HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import AllowAny, BasePermission
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from predictions import registry
from predictions.accuracy import ModelAccuracySerializer, accuracy_of
from predictions.answers import answer
from predictions.models import ModelVersion
from predictions.serializers import (
    ModelVersionSerializer,
    PredictionSerializer,
    ReasonSerializer,
    WorkedModelVersionSerializer,
)
from predictions.serving import serving
from smart311.pagination import InOrderPagination
from smart311.problem_schema import problems
from smart311.query_strings import read_query
from smart311.viewsets import ReferenceViewSet

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
        OpenApiTypes.STR,
        description="When it is filed; now if not given, the city's clock without an offset",
    ),
    OpenApiParameter(
        "why", OpenApiTypes.BOOL, description="`true` answers which facts move this forecast most"
    ),
]


class AlwaysJSON(BaseContentNegotiation):
    """Whatever a client would rather have, as the lane."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser | None:
        """No body is read."""
        return None

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """The first."""
        first = next(iter(renderers))
        return first, first.media_type


class PredictionViewSet(ViewSet):
    """When will a complaint be closed?"""

    content_negotiation_class = AlwaysJSON
    # What DRF would look up for each request, though it never changes.
    allowed_methods = ["GET", "HEAD", "OPTIONS"]
    authentication_classes = ()
    throttle_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Nobody to know, no one to refuse, nothing to count, one form: DRF need not ask."""

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


class Refused(APIException):
    """The version's state does not allow the act."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "wrong_state"


class MayActivate(BasePermission):
    """Staff who may let a model version serve."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether they may."""
        return bool(request.user and request.user.has_perm("predictions.activate_modelversion"))


ACT_ANSWERS: dict[Any, Any] = {
    200: WorkedModelVersionSerializer,
    **problems(400, 403, 404, 409, 415, 503),
}


@extend_schema_view(
    list=extend_schema(summary="Model versions"),
    retrieve=extend_schema(summary="One model version"),
)
class ModelVersionViewSet(ReferenceViewSet[ModelVersion]):
    """The registry of trained models, with their evaluation and what the gate said."""

    queryset = ModelVersion.objects.without_bytes().select_related("city")
    serializer_class = ModelVersionSerializer
    pagination_class = InOrderPagination
    permission_classes = (AllowAny,)
    lookup_field = "version"
    lookup_value_regex = "[^/]+"

    @extend_schema(
        summary="Let a version serve",
        description="For staff. The version is loaded and asked its canned queries first. One that "
        "the gate refused, or that was withdrawn, needs a reason.",
        request=ReasonSerializer,
        responses=ACT_ANSWERS,
    )
    @action(detail=True, methods=["post"], permission_classes=[MayActivate])
    def activate(self, request: Request, version: str) -> Response:
        """Activate it."""
        chosen = self.get_object()
        with _refusals_answered():
            registry.activate(chosen, request.user.get_username(), _reason(request))
        return Response(WorkedModelVersionSerializer(chosen).data)

    @extend_schema(
        summary="Withdraw the serving version",
        description="For staff. The version that served before takes over and is answered. A 409 "
        "if the named version does not serve any more, or there is none before it.",
        request=ReasonSerializer,
        responses=ACT_ANSWERS,
    )
    @action(detail=True, methods=["post"], permission_classes=[MayActivate])
    def rollback(self, request: Request, version: str) -> Response:
        """Go back to the version before."""
        chosen = self.get_object()
        with _refusals_answered():
            before = registry.roll_back(chosen, request.user.get_username(), _reason(request))
        return Response(WorkedModelVersionSerializer(before).data)

    @extend_schema(
        summary="What became of a version's promises",
        description="How often complaints were closed within the 80 % range that was promised at "
        "their filing: overall, and by week, type, agency and district.",
        responses={200: ModelAccuracySerializer, **problems(400, 404, 503)},
    )
    @action(detail=True, pagination_class=None)
    def accuracy(self, request: Request, version: str) -> Response:
        """Answer with counted outcomes."""
        read_query(request, ())
        return Response(ModelAccuracySerializer(accuracy_of(self.get_object())).data)


def _reason(request: Request) -> str:
    read_query(request, ())
    serializer = ReasonSerializer(data=request.data)
    serializer.is_valid(raise_exception=True)
    reason: str = serializer.validated_data["reason"]
    return reason


@contextmanager
def _refusals_answered() -> Iterator[None]:
    """What the registry refuses is a 409 that says why."""
    try:
        yield
    except ValueError as error:
        raise Refused(str(error)) from error
