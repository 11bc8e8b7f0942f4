"""The shapes of complaints and what they refer to, in and out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from complaints.fields import (
    ComplaintTypeField,
    NumberField,
    PastMomentField,
    StrictSerializer,
    TextField,
)
from complaints.models import Agency, City, Complaint, ComplaintType, District
from complaints.models.promise import HORIZON_HOURS


class CitySerializer(serializers.ModelSerializer[City]):
    """A city: its zone and its bounding box in degrees."""

    class Meta:
        model = City
        fields = (
            "slug",
            "name",
            "time_zone",
            "west",
            "south",
            "east",
            "north",
            "jurisdiction_id",
        )


class AgencySerializer(serializers.ModelSerializer[Agency]):
    """A city department."""

    city = serializers.SlugRelatedField[City](slug_field="slug", read_only=True)

    class Meta:
        model = Agency
        fields = ("city", "code", "name")


class ComplaintTypeSerializer(serializers.ModelSerializer[ComplaintType]):
    """What complaints can be about."""

    city = serializers.SlugRelatedField[City](slug_field="slug", read_only=True)
    agency = serializers.SlugRelatedField[Agency](
        slug_field="code", read_only=True, allow_null=True
    )

    class Meta:
        model = ComplaintType
        fields = (
            "city",
            "code",
            "name",
            "aliases",
            "group",
            "keywords",
            "agency",
            "promised_hours",
            "is_active",
        )


class DistrictSerializer(serializers.ModelSerializer[District]):
    """A named area."""

    city = serializers.SlugRelatedField[City](slug_field="slug", read_only=True)
    # The stubs know a `parent` of fields; this is the district's.
    parent = serializers.SlugRelatedField[District](  # type: ignore[assignment]
        slug_field="code", read_only=True, allow_null=True
    )

    class Meta:
        model = District
        fields = ("city", "code", "name", "kind", "parent")


class PromiseSerializer(serializers.Serializer[Complaint]):
    """The forecast that was given when the complaint was filed, in hours from filing."""

    median_hours = serializers.FloatField(source="promised_median_hours")
    p10_hours = serializers.FloatField(source="promised_p10_hours")
    p90_hours = serializers.FloatField(source="promised_p90_hours")
    model = serializers.CharField(source="promised_by")
    beyond_horizon = serializers.BooleanField(
        source="is_promised_beyond_horizon",
        help_text=f"The median lies past {HORIZON_HOURS:g} h, of which no model says more; "
        "it is given instead",
    )


class ComplaintSerializer(serializers.ModelSerializer[Complaint]):
    """A complaint as the public sees it."""

    id = serializers.CharField(source="public_id", read_only=True)
    city = serializers.SlugRelatedField[City](slug_field="slug", read_only=True)
    complaint_type = serializers.SlugRelatedField[ComplaintType](slug_field="code", read_only=True)
    agency = serializers.SlugRelatedField[Agency](
        slug_field="code", read_only=True, allow_null=True
    )
    district = serializers.SlugRelatedField[District](
        slug_field="code", read_only=True, allow_null=True
    )
    description = serializers.CharField(
        source="shown_description",
        read_only=True,
        help_text="Redacted; empty where the city keeps descriptions private",
    )
    forecast = serializers.SerializerMethodField(
        help_text="The promise made at filing; null where none was made"
    )

    class Meta:
        model = Complaint
        fields: tuple[str, ...] = (
            "id",
            "city",
            "complaint_type",
            "agency",
            "district",
            "descriptor",
            "description",
            "status",
            "created_at",
            "closed_at",
            "updated_at",
            "due_at",
            "latitude",
            "longitude",
            "address",
            "zip",
            "channel",
            "source",
            "external_id",
            "resolution",
            "forecast",
        )
        read_only_fields = fields

    @extend_schema_field(PromiseSerializer(allow_null=True))
    def get_forecast(self, complaint: Complaint) -> Mapping[str, Any] | None:
        """The stored promise."""
        if complaint.promised_median_hours is None:
            return None
        return PromiseSerializer(complaint).data


class StoredComplaintSerializer(ComplaintSerializer):
    """A complaint as it is answered to whoever has just filed it."""

    description = serializers.CharField(read_only=True, help_text="As filed")


class InputSerializer(StrictSerializer):
    """A complaint as the classic `/input/` takes it."""

    complaint_type = ComplaintTypeField()
    timestamp = PastMomentField(required=False, help_text="When it was seen; now if not given")
    lat = NumberField(min_value=-90, max_value=90, help_text="Degrees, WGS 84")
    lon = NumberField(min_value=-180, max_value=180, help_text="Degrees, WGS 84")
    description = TextField(required=False, allow_blank=True, max_length=4000, default="")
    compared = ("lat", "lon")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The place has to lie in the city."""
        city: City = self.context["city"]
        if not city.contains(attrs["lat"], attrs["lon"]):
            wrong = "lon" if city.spans(attrs["lat"]) else "lat"
            raise serializers.ValidationError(
                {wrong: [outside(city, attrs["lat"], attrs["lon"])]}, code="outside_city"
            )
        return attrs


def outside(city: City, latitude: float, longitude: float) -> str:
    """What to say of a place that is not in the city."""
    return (
        f"got the place {latitude}, {longitude}, expected one in {city.name}: latitude "
        f"{city.south} to {city.north}, longitude {city.west} to {city.east}"
    )
