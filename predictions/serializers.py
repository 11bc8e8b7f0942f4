"""The shapes of forecasts and model versions."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from complaints.fields import StrictSerializer, TextField
from complaints.forecast_serializers import ForecastReasonSerializer, QueueAheadSerializer
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
    sentence = serializers.CharField(help_text="The forecast in plain words")
    queue = QueueAheadSerializer(
        allow_null=True, help_text="Who waits just now; null for another time, or if not known"
    )
    why = ForecastReasonSerializer(
        many=True,
        required=False,
        help_text="With `why=true`: up to three facts that move this forecast most",
    )


class CheckSerializer(serializers.Serializer[Any]):
    """One condition of the gate."""

    name = serializers.CharField()
    passed = serializers.BooleanField()
    got = serializers.JSONField(help_text="A number or words; null where nothing could be measured")
    expected = serializers.CharField()


class HoldoutSerializer(serializers.Serializer[Any]):
    """The complaints that candidate and active version were compared on."""

    filed_from = serializers.DateTimeField()
    filed_until = serializers.DateTimeField(help_text="Exclusive")
    rows = serializers.IntegerField()
    restrict_hours = serializers.FloatField(help_text="Longer times to close count as this")


class VerdictSerializer(serializers.Serializer[Any]):
    """What the gate found before the version was let in, or not."""

    passed = serializers.BooleanField()
    decided_at = serializers.DateTimeField()
    tested = serializers.CharField(help_text="What stood for this version on the holdout")
    against = serializers.CharField(help_text="What stood for the version that served then")
    holdout = HoldoutSerializer()
    checks = CheckSerializer(many=True)


class ActSerializer(serializers.Serializer[Any]):
    """Who let it serve or withdrew it, and why."""

    act = serializers.CharField()
    at = serializers.DateTimeField()
    by = serializers.CharField()
    reason = serializers.CharField()


class ModelVersionSerializer(serializers.ModelSerializer[ModelVersion]):
    """A trained model, how well it did, and what the gate said."""

    city = serializers.SlugRelatedField[City](slug_field="slug", read_only=True)
    verdict = serializers.SerializerMethodField(help_text="Null for versions of old")

    class Meta:
        model = ModelVersion
        fields: tuple[str, ...] = (
            "version",
            "city",
            "status",
            "as_of",
            "trained_at",
            "activated_at",
            "sha256",
            "metrics",
            "verdict",
        )

    @extend_schema_field(VerdictSerializer(allow_null=True))
    def get_verdict(self, version: ModelVersion) -> dict[str, Any] | None:
        """What is stored."""
        return version.verdict or None


class WorkedModelVersionSerializer(ModelVersionSerializer):
    """A model version as staff see it."""

    history = ActSerializer(many=True)

    class Meta(ModelVersionSerializer.Meta):
        fields = (*ModelVersionSerializer.Meta.fields, "history")


class ReasonSerializer(StrictSerializer):
    """Why."""

    reason = TextField(
        required=False,
        allow_blank=True,
        max_length=500,
        default="",
        help_text="Needed for a version that the gate refused or somebody withdrew",
    )
