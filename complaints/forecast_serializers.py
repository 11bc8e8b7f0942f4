"""The shapes of forecasts, in hours from filing, or from now where they are what remains."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from complaints.forecasting import Forecast, QueueAhead, Reason
from complaints.phrases import forecast_in_words, queue_in_words, reason_in_words


class ModelSerializer(serializers.Serializer[Forecast]):
    """Which model answered."""

    version = serializers.CharField(source="model_version")
    trained_at = serializers.DateTimeField()


class QueueAheadSerializer(serializers.Serializer[QueueAhead]):
    """Complaints of the type that are open, of those filed in the last hours."""

    open_nearby = serializers.IntegerField(
        source="nearby", allow_null=True, help_text="In the district; null where it is not known"
    )
    open_in_city = serializers.IntegerField(source="in_city")
    filed_within_hours = serializers.IntegerField()
    words = serializers.SerializerMethodField()

    def get_words(self, queue: QueueAhead) -> str:
        """The same in words."""
        return queue_in_words(queue)


class ForecastReasonSerializer(serializers.Serializer[Reason]):
    """What one fact does to the median, against what is usual for the type."""

    feature = serializers.CharField(
        help_text="descriptor, agency, location_type, channel, place, time or queue"
    )
    hours = serializers.FloatField(help_text="Positive: it makes it longer")
    words = serializers.SerializerMethodField()

    def get_words(self, reason: Reason) -> str:
        """The same in words."""
        return reason_in_words(reason)


class OutlookSerializer(serializers.Serializer[Forecast]):
    """What is told with the promise made at filing."""

    closed_within = serializers.DictField(
        child=serializers.FloatField(), help_text="Hours (24, 72, 168) and the chance, 0 to 1"
    )
    expected_close_at = serializers.DateTimeField(help_text="The median as a time")
    beyond_horizon = serializers.BooleanField(
        help_text="The median lies past the last hour that the model speaks of, given instead"
    )
    sentence = serializers.SerializerMethodField(help_text="The forecast in plain words")
    queue = QueueAheadSerializer(allow_null=True, help_text="Null where nothing is known of it")
    why = serializers.SerializerMethodField(
        help_text="Up to three facts that move it most; null where nobody asked"
    )

    def get_sentence(self, forecast: Forecast) -> str:
        """The one definition of it."""
        return forecast_in_words(forecast)

    @extend_schema_field(ForecastReasonSerializer(many=True, allow_null=True))
    def get_why(self, forecast: Forecast) -> list[Any] | None:
        """The reasons, if they were asked for."""
        if forecast.reasons is None:
            return None
        return [ForecastReasonSerializer(reason).data for reason in forecast.reasons]


class FreshForecastSerializer(OutlookSerializer):
    """A forecast of the model that is active now, in hours from `counted_from`."""

    median_hours = serializers.FloatField()
    p10_hours = serializers.FloatField()
    p90_hours = serializers.FloatField()
    horizon_hours = serializers.FloatField(help_text="The last hour that the model speaks of")
    model = ModelSerializer(source="*")
