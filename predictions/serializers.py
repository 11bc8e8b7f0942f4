"""The shapes of forecasts and model versions."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from complaints.models import City
from predictions.models import ModelVersion


class IntervalSerializer(serializers.Serializer[Any]):
    """Eight in ten such complaints are closed between these."""

    p10 = serializers.FloatField(help_text="Hours from filing")
    p90 = serializers.FloatField(help_text="Hours from filing")


class ClosedWithinSerializer(serializers.Serializer[Any]):
    """Probability of being closed within so many hours, 0 to 1."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """One field an horizon; their names are numbers."""
        return {hours: serializers.FloatField() for hours in ("24", "72", "168")}


class ModelNameSerializer(serializers.Serializer[Any]):
    """Which model answered."""

    version = serializers.CharField()
    trained_at = serializers.DateTimeField()


class PredictionSerializer(serializers.Serializer[Any]):
    """When a complaint will be closed."""

    estimated_time = serializers.FloatField(help_text="Median, hours from filing")
    unit = serializers.ChoiceField(choices=["hours"])
    interval = IntervalSerializer()
    closed_within = ClosedWithinSerializer()
    expected_close_at = serializers.DateTimeField(help_text="The median as a time, city's clock")
    complaint_type = serializers.CharField(help_text="Code of the type")
    beyond_horizon = serializers.BooleanField(
        help_text="The median lies past the last horizon of the model, which is given instead"
    )
    model = ModelNameSerializer()


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    """A trained model and how well it did."""

    city = serializers.SlugRelatedField[City](slug_field="slug", read_only=True)

    class Meta:
        model = ModelVersion
        fields = (
            "version",
            "city",
            "status",
            "as_of",
            "trained_at",
            "activated_at",
            "sha256",
            "metrics",
        )
