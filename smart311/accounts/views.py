"""Who am I?"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from smart311.accounts.models import ApiKey
from smart311.query_strings import read_query
from smart311.throttling import FILING, READING


class KeySerializer(serializers.ModelSerializer[ApiKey]):
    """The key that signed the request; its secret cannot be read again."""

    created_at = serializers.DateTimeField(source="created")
    expires_at = serializers.DateTimeField(source="expiry")

    class Meta:
        model = ApiKey
        fields = ("name", "created_at", "expires_at")
        read_only_fields = fields


class LimitsSerializer(serializers.Serializer[Any]):
    """How much a minute."""

    filing = serializers.IntegerField(help_text="Complaints, each of a bulk; steps of staff")
    reading = serializers.IntegerField(help_text="Requests that only read")


class MeSerializer(serializers.Serializer[Any]):
    """Who asks, and what that gives."""

    user = serializers.CharField(allow_null=True, help_text="Null if anonymous")
    roles = serializers.ListField(child=serializers.CharField(), help_text="agent, manager, admin")
    agencies = serializers.ListField(
        child=serializers.CharField(), help_text="Codes of the agencies an agent works for"
    )
    key = KeySerializer(allow_null=True, help_text="Null without a key")
    limits_per_minute = LimitsSerializer()


class MeView(APIView):
    """What the server makes of whoever asks."""

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="me",
        summary="Who am I?",
        description="For programs: whether the key is taken, whose it is, when it expires, and "
        "the limits that hold. A key that is expired or revoked answers 401 and says so.",
        responses=MeSerializer,
    )
    def get(self, request: Request) -> Response:
        """Answer with the account and its limits."""
        read_query(request, ())
        return Response(
            MeSerializer(describe(request)).data, headers={"Cache-Control": "private, no-store"}
        )


def describe(request: Request) -> dict[str, Any]:
    """What MeSerializer shows."""
    user = request.user if isinstance(request.user, User) else None
    return {
        "user": user.get_username() if user else None,
        "roles": user.groups.order_by("name").values_list("name", flat=True) if user else [],
        "agencies": user.agencies.values_list("code", flat=True) if user else [],
        "key": request.auth if isinstance(request.auth, ApiKey) else None,
        "limits_per_minute": {
            "filing": FILING.limit(user is not None),
            "reading": READING.limit(user is not None),
        },
    }
