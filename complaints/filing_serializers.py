"""The shapes of filing a complaint, in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.validators import EmailValidator, URLValidator
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from complaints.fields import (
    ComplaintTypeField,
    NumberField,
    PastMomentField,
    StrictSerializer,
    TextField,
)
from complaints.forecast_serializers import OutlookSerializer
from complaints.models import City, Complaint
from complaints.models.complaint import MEDIA_SCHEMES, MEDIA_URL_LENGTH
from complaints.neighbours import Neighbour
from complaints.serializers import PromiseSerializer, StoredComplaintSerializer, outside

MOST_AT_ONCE = 1000
"""Most complaints in one bulk."""


def media_url_field() -> TextField:
    """An address of a picture, or nothing."""
    return TextField(
        required=False,
        allow_blank=True,
        max_length=MEDIA_URL_LENGTH,
        validators=[URLValidator(MEDIA_SCHEMES)],
        help_text="Address of a picture, https or http",
    )


class ContactSerializer(StrictSerializer):
    """Who files it; private, in no public answer."""

    name = TextField(required=False, allow_blank=True, max_length=200)
    email = TextField(
        required=False,
        allow_blank=True,
        max_length=254,
        validators=[EmailValidator("expected an e-mail address")],
    )
    phone = TextField(required=False, allow_blank=True, max_length=40)


class FilingSerializer(StrictSerializer):
    """A complaint to be filed. Its place: coordinates, or an address alone."""

    complaint_type = ComplaintTypeField(help_text="Code, official name in any case, or alias")
    latitude = NumberField(required=False, allow_null=True, help_text="Degrees, WGS 84")
    longitude = NumberField(required=False, allow_null=True, help_text="Degrees, WGS 84")
    created_at = PastMomentField(
        required=False,
        help_text="When it was seen, now if not given; without an offset on the city's clock",
    )
    description = TextField(required=False, allow_blank=True, max_length=4000)
    descriptor = TextField(required=False, allow_blank=True, max_length=200)
    channel = TextField(
        required=False, allow_blank=True, max_length=20, help_text="phone, online, mobile, …"
    )
    address = TextField(required=False, allow_blank=True, max_length=300)
    zip = TextField(required=False, allow_blank=True, max_length=10)
    media_url = media_url_field()
    reporter = ContactSerializer(required=False, allow_null=True)
    compared = ("latitude", "longitude", "address")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Both coordinates in the city, or none and an address."""
        city: City = self.context["city"]
        check_place(city, attrs.get("latitude"), attrs.get("longitude"), attrs.get("address"))
        return attrs


def check_place(
    city: City, latitude: float | None, longitude: float | None, address: str | None
) -> None:
    """Raise ValidationError unless it is a place in the city, or an address without a place."""
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        raise serializers.ValidationError(
            {missing: ["is missing: expected both coordinates, or none and an address"]},
            code="required",
        )
    if latitude is None or longitude is None:
        if not address:
            raise serializers.ValidationError(
                {"latitude": ["expected latitude and longitude, or an address"]}, code="required"
            )
    elif not city.contains(latitude, longitude):
        wrong = "longitude" if city.spans(latitude) else "latitude"
        raise serializers.ValidationError(
            {wrong: [outside(city, latitude, longitude)]}, code="outside_city"
        )


class NeighbourSerializer(serializers.Serializer[Neighbour]):
    """A complaint near another one."""

    id = serializers.CharField(source="complaint.public_id")
    status = serializers.ChoiceField(source="complaint.status", choices=Complaint.Status.choices)
    created_at = serializers.DateTimeField(source="complaint.created_at")
    distance_metres = serializers.FloatField()
    age_hours = serializers.FloatField(help_text="Hours since it was filed")


class PossibleDuplicateSerializer(NeighbourSerializer):
    """An open complaint that may be about the same thing."""

    forecast = serializers.SerializerMethodField()

    @extend_schema_field(PromiseSerializer(allow_null=True))
    def get_forecast(self, neighbour: Neighbour) -> Mapping[str, Any] | None:
        """The promise made for it at its filing, or null."""
        if neighbour.complaint.promised_median_hours is None:
            return None
        promise: Any = neighbour.complaint
        return PromiseSerializer(promise).data


class FiledBriefSerializer(StoredComplaintSerializer):
    """A complaint as it is answered to whoever has just filed it."""

    # Empty text, which most have, is no URI.
    media_url = serializers.CharField(read_only=True, help_text="Address of a picture, or empty")

    class Meta(StoredComplaintSerializer.Meta):
        fields = (*StoredComplaintSerializer.Meta.fields, "media_url")
        read_only_fields = fields


class FiledSerializer(FiledBriefSerializer):
    """A complaint just filed, with those that may be about the same thing."""

    possible_duplicates = serializers.SerializerMethodField(
        help_text="Open, the same type, within 150 m and 14 days"
    )
    outlook = serializers.SerializerMethodField(
        help_text="What goes with the promise; null where there is none"
    )

    class Meta(FiledBriefSerializer.Meta):
        fields = (*FiledBriefSerializer.Meta.fields, "possible_duplicates", "outlook")
        read_only_fields = fields

    @extend_schema_field(PossibleDuplicateSerializer(many=True))
    def get_possible_duplicates(self, complaint: Complaint) -> list[Any]:
        """Those in the serializer's context."""
        found = PossibleDuplicateSerializer(self.context["possible_duplicates"], many=True)
        return list(found.data)

    @extend_schema_field(OutlookSerializer(allow_null=True))
    def get_outlook(self, complaint: Complaint) -> Mapping[str, Any] | None:
        """That of the forecast in the serializer's context."""
        forecast = self.context.get("forecast")
        return OutlookSerializer(forecast).data if forecast else None


class BulkAnswerSerializer(serializers.Serializer[Any]):
    """The complaints of a bulk, in its order."""

    count = serializers.IntegerField()
    complaints = FiledBriefSerializer(many=True)
