"""The shapes of what staff do with a complaint."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from rest_framework import serializers

from complaints.fields import (
    ComplaintTypeField,
    NumberField,
    PastMomentField,
    StrictSerializer,
    TextField,
)
from complaints.filing_serializers import FiledBriefSerializer, check_place, media_url_field
from complaints.models import Agency, Complaint, ComplaintEvent
from smart311.problems import shorten

Row = TypeVar("Row", bound=Model)


class OfTheCityField(serializers.SlugRelatedField[Row]):
    """A row of the city in the serializer's context, by its code or id."""

    def get_queryset(self) -> QuerySet[Row]:
        """The city's rows only."""
        rows = super().get_queryset()
        # The stubs allow none; each of our fields has its queryset.
        return rows.filter(city=self.context["city"])  # type: ignore[union-attr]

    def to_internal_value(self, data: Any) -> Row:
        """The row."""
        found = None
        if isinstance(data, str):
            found = self.get_queryset().filter(**{str(self.slug_field): data}).first()
        if found is None:
            raise serializers.ValidationError(
                f"got {shorten(data)!r}, expected the {self.slug_field} of one in the city",
                code="does_not_exist",
            )
        return found


class WorkedSerializer(FiledBriefSerializer):
    """A complaint as staff see it after a step."""

    duplicate_of = serializers.SlugRelatedField[Complaint](
        slug_field="public_id", read_only=True, allow_null=True
    )

    class Meta(FiledBriefSerializer.Meta):
        fields = (*FiledBriefSerializer.Meta.fields, "duplicate_of")
        read_only_fields = fields


class ChangeSerializer(StrictSerializer):
    """What can be corrected; what is not given stays."""

    complaint_type = ComplaintTypeField(required=False)
    status = serializers.ChoiceField(
        required=False,
        choices=[Complaint.Status.OPEN.value, Complaint.Status.IN_PROGRESS.value],
        help_text="Whether somebody works on it; closing and reopening are steps of their own",
    )
    descriptor = TextField(required=False, allow_blank=True, max_length=200)
    description = TextField(required=False, allow_blank=True, max_length=4000)
    channel = TextField(required=False, allow_blank=True, max_length=20)
    address = TextField(required=False, allow_blank=True, max_length=300)
    zip = TextField(required=False, allow_blank=True, max_length=10)
    media_url = media_url_field()
    resolution = TextField(required=False, allow_blank=True, max_length=4000)
    latitude = NumberField(
        required=False, allow_null=True, help_text="Degrees, WGS 84; with longitude, or neither"
    )
    longitude = NumberField(required=False, allow_null=True, help_text="Degrees, WGS 84")
    compared = ("latitude", "longitude", "address")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Both coordinates or neither; without a place there has to be an address."""
        complaint: Complaint = self.context["complaint"]
        if "latitude" in attrs or "longitude" in attrs:
            for missing in {"latitude", "longitude"} - attrs.keys():
                raise serializers.ValidationError(
                    {missing: ["is missing: expected both coordinates or neither"]},
                    code="required",
                )
        elif complaint.cell is not None or "address" not in attrs:
            return attrs
        address = attrs.get("address", complaint.address)
        check_place(complaint.city, attrs.get("latitude"), attrs.get("longitude"), address)
        return attrs


class CloseSerializer(StrictSerializer):
    """When it was closed, and what was done."""

    at = PastMomentField(required=False, help_text="Now if not given")
    resolution = TextField(required=False, allow_blank=True, max_length=4000, default="")


class ReopenSerializer(StrictSerializer):
    """Nothing has to be said."""


class UnmarkSerializer(StrictSerializer):
    """Nothing has to be said."""


class AssignSerializer(StrictSerializer):
    """The agency that shall work it."""

    agency = OfTheCityField(slug_field="code", queryset=Agency.objects.all())


class CommentSerializer(StrictSerializer):
    """A remark; private to staff unless it is said to be public."""

    text = TextField(max_length=4000)
    is_public = serializers.BooleanField(required=False, default=False)

    def validate_is_public(self, value: bool) -> bool:
        """True or false themselves, not words for them."""
        if not isinstance(self.initial_data.get("is_public", False), bool):
            raise serializers.ValidationError("expected true or false")
        return value


class DuplicateSerializer(StrictSerializer):
    """The complaint that came first about the same thing."""

    duplicate_of = OfTheCityField(
        slug_field="public_id",
        queryset=Complaint.objects.all(),
        help_text="The id of the original",
    )


class EventSerializer(serializers.ModelSerializer[ComplaintEvent]):
    """One step in a complaint's life."""

    text = serializers.CharField(
        read_only=True,
        help_text="What a comment says; the agency's code, the original's id, the new status, the "
        "names of corrected fields; else empty",
    )

    class Meta:
        model = ComplaintEvent
        fields: tuple[str, ...] = ("kind", "occurred_at", "recorded_at", "text")
        read_only_fields = fields


class CommentReadSerializer(serializers.ModelSerializer[ComplaintEvent]):
    """A remark, as staff read it."""

    by = serializers.CharField(
        source="actor.username", default=None, allow_null=True, help_text="Who wrote it"
    )

    class Meta:
        model = ComplaintEvent
        fields = ("occurred_at", "text", "is_public", "by")
        read_only_fields = fields


class StaffEventSerializer(EventSerializer):
    """A step with whether the public sees it."""

    class Meta(EventSerializer.Meta):
        fields = (*EventSerializer.Meta.fields, "is_public")
        read_only_fields = fields
