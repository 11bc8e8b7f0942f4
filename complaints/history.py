"""What the public can follow of a complaint: its history, its forecast now, and its like."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import decorators, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from complaints.access import WorksOnIt
from complaints.filing_serializers import NeighbourSerializer
from complaints.forecast_serializers import FreshForecastSerializer
from complaints.forecasting import NoForecast, PastHorizon, get_forecaster
from complaints.intake import forecast_query
from complaints.lifecycle_serializers import CommentReadSerializer, EventSerializer
from complaints.models import Complaint, ComplaintEvent
from complaints.neighbours import SIMILAR_AGE, SIMILAR_METRES, similar
from smart311.problem_schema import problems
from smart311.problems import NotReady
from smart311.query_strings import read_query

READ_PROBLEMS = problems(400, 404, 503)
MOST_EVENTS = 1000
"""Far more than any complaint has; a bound on the answer."""


class ForecastAnswerSerializer(serializers.Serializer[Any]):
    """A forecast and the time it counts from: now if open, the filing if closed."""

    id = serializers.CharField()
    status = serializers.ChoiceField(choices=Complaint.Status.choices)
    counted_from = serializers.DateTimeField()
    open_for_hours = serializers.FloatField(allow_null=True, help_text="Null if it is closed")
    forecast = FreshForecastSerializer(allow_null=True)
    reason = serializers.CharField(help_text="Why there is no forecast; empty where there is one")


class HistorySerializer(serializers.Serializer[Any]):
    """What happened, the oldest first."""

    results = EventSerializer(many=True)


class CommentsSerializer(serializers.Serializer[Any]):
    """Remarks, the oldest first."""

    results = CommentReadSerializer(many=True)


class SimilarSerializer(NeighbourSerializer):
    """A complaint of the same type nearby, and how long it took."""

    closed_at = serializers.DateTimeField(source="complaint.closed_at", allow_null=True)
    hours_to_close = serializers.FloatField(allow_null=True, help_text="Null while it is open")


class SimilarAnswerSerializer(serializers.Serializer[Any]):
    """Complaints nearby, the nearest first."""

    results = SimilarSerializer(many=True)


class HistoryMixin:
    """Reading more of one complaint."""

    def _followed(self, request: Request) -> Complaint:
        """The complaint of the path; query parameters are refused."""
        read_query(request, ())
        complaint: Complaint = self.get_object()  # type: ignore[attr-defined]
        return complaint

    @extend_schema(
        summary="History of a complaint",
        description="What happened to it, the oldest first; only what is public.",
        responses={200: HistorySerializer, **READ_PROBLEMS},
    )
    @decorators.action(detail=True, pagination_class=None)
    def events(self, request: Request, id: str) -> Response:
        """Answer with the public events."""
        complaint = self._followed(request)
        rows = complaint.events.filter(is_public=True)[:MOST_EVENTS]
        return Response(HistorySerializer({"results": rows}).data)

    @extend_schema(
        summary="Remarks on a complaint",
        description="For staff who work on it: private ones too, the oldest first. Public ones "
        "are in its history, which everybody reads.",
        responses={200: CommentsSerializer, **problems(400, 401, 403, 404, 503)},
    )
    @decorators.action(detail=True, pagination_class=None, permission_classes=(WorksOnIt,))
    def comments(self, request: Request, id: str) -> Response:
        """Answer with all remarks."""
        complaint = self._followed(request)
        rows = complaint.events.filter(kind=ComplaintEvent.Kind.COMMENTED)
        remarks = rows.select_related("actor")[:MOST_EVENTS]
        response = Response(CommentsSerializer({"results": remarks}).data)
        response["Cache-Control"] = "no-store"
        return response

    @extend_schema(
        summary="Forecast of a complaint as of now",
        description="For an open complaint the hours that remain, given how long it is open "
        "already. For a closed one what the active model would have said at its filing. "
        "The promise made at filing is in the complaint itself.",
        responses={200: ForecastAnswerSerializer, **READ_PROBLEMS},
    )
    @decorators.action(detail=True, pagination_class=None)
    def forecast(self, request: Request, id: str) -> Response:
        """Answer with a fresh forecast."""
        complaint = self._followed(request)
        try:
            answer = fresh_forecast(complaint, timezone.now())
        except NoForecast as error:
            raise NotReady(str(error)) from error
        return Response(ForecastAnswerSerializer(answer).data)

    @extend_schema(
        summary="Similar complaints nearby",
        description=f"Open and closed ones of the same type within {SIMILAR_METRES} m and "
        f"{SIMILAR_AGE.days} days, the nearest first, with how long they took. None where the "
        "complaint has no coordinates.",
        responses={200: SimilarAnswerSerializer, **READ_PROBLEMS},
    )
    @decorators.action(detail=True, pagination_class=None)
    def similar(self, request: Request, id: str) -> Response:
        """Answer with what is near."""
        complaint = self._followed(request)
        found = similar(complaint, timezone.now())
        return Response(SimilarAnswerSerializer({"results": found}).data)


def fresh_forecast(complaint: Complaint, now: datetime) -> dict[str, Any]:
    """What the active model says at `now`, as ForecastAnswerSerializer shows it.

    Raises NoForecast where there is no model.
    """
    query, port = forecast_query(complaint), get_forecaster()
    open_hours = max((now - complaint.created_at) / timedelta(hours=1), 0.0)
    forecast, reason = None, ""
    try:
        if complaint.is_open:
            forecast = port.remaining(complaint.city, query, open_hours)
        else:
            forecast = port.forecast(complaint.city, query, why=True)
    except PastHorizon as error:
        reason = str(error)
    return {
        "id": complaint.public_id,
        "status": complaint.status,
        "counted_from": now if complaint.is_open else complaint.created_at,
        "open_for_hours": open_hours if complaint.is_open else None,
        "forecast": forecast,
        "reason": reason,
    }
