"""How the promises of one model version came out, in the shape in which it is served."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from predictions.models import ForecastWatch, ModelVersion, PromiseCount
from predictions.promises import TARGET, Accuracy
from predictions.reliability import FEWEST, reliability_of

DEFINITION = (
    "A promise counts when its 80 % range (p10 to p90, hours from filing) has passed, whether its "
    "complaint is closed or not; still open then is late. Kept: closed within the range. A range "
    "that ends at the model's horizon has no end. Instant closings do not count."
)
KINDS = {"type": "complaint_type__code", "agency": "agency__code", "district": "district__code"}


class AccuracySerializer(serializers.Serializer[Any]):
    """Shares of the promises whose range has passed, 0 to 1."""

    due = serializers.IntegerField(help_text="Promises whose range has passed")
    kept = serializers.FloatField(help_text="Closed within the range; the target is 0.8")
    early = serializers.FloatField(help_text="Closed before the range began")
    late = serializers.FloatField(help_text="Not closed when the range ended")
    before_median = serializers.FloatField(help_text="Closed by the median; ideally 0.5")
    error_hours = serializers.FloatField(
        help_text="Mean of |min(hours to close, end of the range) − median|"
    )


class WeekAccuracySerializer(AccuracySerializer):
    """One week of filing."""

    week_on = serializers.DateField(help_text="Its Monday, on the city's calendar")


class KindAccuracySerializer(AccuracySerializer):
    """One type, agency or district."""

    code = serializers.CharField(allow_null=True, help_text="Null: not known")


class ChanceAccuracySerializer(serializers.Serializer[Any]):
    """A tenth of the promised chance to be closed within some hours of filing."""

    within_hours = serializers.IntegerField(help_text="24, 72 or 168")
    said = serializers.FloatField(help_text="Mean chance, from the promised p10, median and p90")
    closed = serializers.FloatField(help_text="Share that was closed within those hours")
    complaints = serializers.IntegerField(
        help_text=f"Filed at least so long ago; tenths of fewer than {FEWEST} are left out"
    )


class ModelAccuracySerializer(serializers.Serializer[Any]):
    """What became of a version's promises."""

    version = serializers.CharField()
    definition = serializers.CharField()
    target = serializers.FloatField(help_text="Share that should be kept")
    counted_until = serializers.DateTimeField(allow_null=True, help_text="Null: not counted yet")
    overall = AccuracySerializer(allow_null=True, help_text="Null: no range has passed yet")
    by_week = WeekAccuracySerializer(many=True, help_text="The oldest first")
    by_type = KindAccuracySerializer(many=True, help_text="The most first, as are the others")
    by_agency = KindAccuracySerializer(many=True)
    by_district = KindAccuracySerializer(many=True)
    by_chance = ChanceAccuracySerializer(many=True, help_text="Shorter hours first, then chances")


def accuracy_of(version: ModelVersion) -> dict[str, Any]:
    """As ModelAccuracySerializer documents it; seven queries."""
    counts = PromiseCount.objects.of_model(version.version).filter(city=version.city_id)
    watch = ForecastWatch.objects.filter(city=version.city_id).first()
    kinds = {
        f"by_{name}": sorted(
            _rows(counts.totals(column), column, "code"), key=lambda row: -row["due"]
        )
        for name, column in KINDS.items()
    }
    overall = counts.totals("city").first()
    accuracy = Accuracy.of(overall) if overall else None
    return {
        "version": version.version,
        "definition": DEFINITION,
        "target": TARGET,
        "counted_until": watch.counted_until if watch else None,
        "overall": asdict(accuracy) if accuracy else None,
        "by_week": _rows(counts.totals("week_on"), "week_on", "week_on"),
        **kinds,
        "by_chance": [
            {"within_hours": hours, **asdict(tenth)}
            for hours, tenths in reliability_of(version).items()
            for tenth in tenths
        ],
    }


def _rows(totals: Any, column: str, name: str) -> list[dict[str, Any]]:
    return [
        {name: row[column], **asdict(accuracy)} for row in totals if (accuracy := Accuracy.of(row))
    ]
