"""A complaint as those see it who may see more than the public."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction
from rest_framework import serializers

from complaints.access import Sight
from complaints.filing_serializers import FiledBriefSerializer
from complaints.models import Complaint, Reporter

PRIVATE_FIELDS = ("media_url", "reporter")


class ReporterSerializer(serializers.ModelSerializer[Reporter]):
    """Who filed it."""

    class Meta:
        model = Reporter
        fields = ("name", "email", "phone")
        read_only_fields = fields


class SeenComplaintSerializer(FiledBriefSerializer):
    """A complaint with what is private of it, as far as whoever asks may see it.

    The serializer's context says how far: `sight`.
    """

    reporter = ReporterSerializer(
        allow_null=True, help_text="Only for whoever filed it with a key, and managers"
    )

    class Meta(FiledBriefSerializer.Meta):
        fields = (*FiledBriefSerializer.Meta.fields, "reporter")
        read_only_fields = fields

    def to_representation(self, instance: Complaint) -> dict[str, Any]:
        """The fields that may be seen, as they were filed; a reporter that there is not is null."""
        if self.context["sight"] < Sight.WHOLE:
            self.fields.pop("reporter", None)
            return {**super().to_representation(instance), **instance.as_filed}
        body = {"reporter": None, **super().to_representation(instance)}
        return {**body, **instance.as_filed}


class SeenComplaintScheme(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """The public's answer has none of the private fields."""

    target_class = "complaints.seen.SeenComplaintSerializer"

    def map_serializer(self, auto_schema: AutoSchema, direction: Direction) -> dict[str, Any]:
        """The schema with the private fields optional."""
        schema: dict[str, Any] = auto_schema._map_serializer(  # type: ignore[no-untyped-call]
            self.target, direction, bypass_extensions=True
        )
        schema["required"] = [name for name in schema["required"] if name not in PRIVATE_FIELDS]
        return schema
