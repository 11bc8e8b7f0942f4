"""What staff do with a complaint, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import decorators, serializers, status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from complaints import lifecycle
from complaints.lifecycle_serializers import (
    AssignSerializer,
    ChangeSerializer,
    CloseSerializer,
    CommentSerializer,
    DuplicateSerializer,
    ReopenSerializer,
    StaffEventSerializer,
    UnmarkSerializer,
    WorkedSerializer,
)
from complaints.models import Complaint
from smart311.problem_schema import problems
from smart311.query_strings import read_query

STEP_ANSWERS: dict[Any, Any] = {200: WorkedSerializer, **problems(400, 403, 404, 409, 415, 503)}


class Conflict(APIException):
    """The complaint's state does not allow the step."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "wrong_state"


@contextmanager
def conflicts_answered() -> Iterator[None]:
    """A step that the complaint's state does not allow is a 409."""
    try:
        yield
    except lifecycle.WrongState as error:
        raise Conflict(str(error)) from error


Step = Callable[..., Response]


def step(**options: Any) -> Callable[[Step], Step]:
    """A POST on one complaint, for staff who work on it."""
    decorate: Callable[[Step], Step] = decorators.action(detail=True, methods=["post"], **options)
    return decorate


def _read(
    shape: type[serializers.Serializer[Any]], complaint: Complaint, request: Request
) -> dict[str, Any]:
    """What was sent, checked. Raises ValidationError."""
    read_query(request, ())
    context = {"city": complaint.city, "complaint": complaint}
    serializer = shape(data=request.data, context=context)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


class LifecycleMixin:
    """Correcting a complaint and the steps of its life; each is recorded with who took it."""

    def _complaint(self) -> Complaint:
        complaint: Complaint = self.get_object()  # type: ignore[attr-defined]
        return complaint

    @extend_schema(
        summary="Correct a complaint",
        description="For staff. What is not given stays; with new coordinates the district "
        "follows. The promise made at filing never changes. The history tells which fields were "
        "corrected. Closing, reopening and assigning are steps of their own.",
        request=ChangeSerializer,
        responses=STEP_ANSWERS,
    )
    def partial_update(self, request: Request, id: str) -> Response:
        """Change what is given."""
        complaint = self._complaint()
        values = _read(ChangeSerializer, complaint, request)
        with conflicts_answered():
            lifecycle.change(complaint, values, request.user)
        return Response(WorkedSerializer(complaint).data)

    @extend_schema(
        summary="Close a complaint",
        description="For staff. Its open duplicates are closed with it. Of two who close it at "
        "once the first does; the other is told with a 409.",
        request=CloseSerializer,
        responses=STEP_ANSWERS,
    )
    @step()
    def close(self, request: Request, id: str) -> Response:
        """Record the closing."""
        complaint = self._complaint()
        given = _read(CloseSerializer, complaint, request)
        at = given.get("at") or timezone.now()
        if at < complaint.created_at:
            raise ValidationError(
                {"at": [f"got {at.isoformat()}, expected a time since {complaint.created_at}"]}
            )
        with conflicts_answered():
            lifecycle.close(complaint, at, given["resolution"], request.user)
        return Response(WorkedSerializer(complaint).data)

    @extend_schema(
        summary="Reopen a complaint",
        description="For staff. Its history keeps the earlier closing.",
        request=ReopenSerializer,
        responses=STEP_ANSWERS,
    )
    @step()
    def reopen(self, request: Request, id: str) -> Response:
        """Open it again."""
        complaint = self._complaint()
        _read(ReopenSerializer, complaint, request)
        with conflicts_answered():
            lifecycle.reopen(complaint, request.user)
        return Response(WorkedSerializer(complaint).data)

    @extend_schema(
        summary="Assign a complaint to an agency",
        description="For staff. To the agency that has it already changes nothing.",
        request=AssignSerializer,
        responses=STEP_ANSWERS,
    )
    @step()
    def assign(self, request: Request, id: str) -> Response:
        """Give it to an agency."""
        complaint = self._complaint()
        given = _read(AssignSerializer, complaint, request)
        lifecycle.assign(complaint, given["agency"], request.user)
        return Response(WorkedSerializer(complaint).data)

    @extend_schema(
        summary="Comment on a complaint",
        description="For staff. The public sees it only if `is_public` is true.",
        request=CommentSerializer,
        responses={201: StaffEventSerializer, **problems(400, 403, 404, 415, 503)},
    )
    @step()
    def comment(self, request: Request, id: str) -> Response:
        """Add a remark to its history."""
        complaint = self._complaint()
        given = _read(CommentSerializer, complaint, request)
        event = lifecycle.comment(complaint, given["text"], given["is_public"], request.user)
        return Response(StaffEventSerializer(event).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Mark a complaint as a duplicate",
        description="For staff. The original may not be a duplicate itself, nor have this "
        "complaint among its originals.",
        request=DuplicateSerializer,
        responses=STEP_ANSWERS,
    )
    @step(url_path="mark-duplicate")
    def mark_duplicate(self, request: Request, id: str) -> Response:
        """Link it to the complaint that came first."""
        complaint = self._complaint()
        original = _read(DuplicateSerializer, complaint, request)["duplicate_of"]
        if original.pk == complaint.pk:
            raise ValidationError({"duplicate_of": ["got the complaint itself"]})
        with conflicts_answered():
            lifecycle.mark_duplicate(complaint, original, request.user)
        return Response(WorkedSerializer(complaint).data)

    @extend_schema(
        summary="Take back that a complaint is a duplicate",
        description="For staff. The history says of which one it was. If it was closed with that "
        "one, it stays closed; reopen it.",
        request=UnmarkSerializer,
        responses=STEP_ANSWERS,
    )
    @step(url_path="unmark-duplicate")
    def unmark_duplicate(self, request: Request, id: str) -> Response:
        """Unlink it."""
        complaint = self._complaint()
        _read(UnmarkSerializer, complaint, request)
        with conflicts_answered():
            lifecycle.unmark_duplicate(complaint, request.user)
        return Response(WorkedSerializer(complaint).data)
