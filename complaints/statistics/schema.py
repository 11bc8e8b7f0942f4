"""How statistics appear in the schema."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from complaints.statistics.comparing import EXPECTED
from complaints.statistics.question import QUESTION_DOCUMENTATION


class HoursToCloseSerializer(serializers.Serializer[Any]):
    """Hours from filing to closing, of those closed after a real time."""

    mean = serializers.FloatField()
    median = serializers.FloatField()
    p90 = serializers.FloatField(help_text="90th percentile")


class SurvivalSerializer(serializers.Serializer[Any]):
    """Hours by which half, and nine in ten, of all are closed, the open ones counted."""

    median = serializers.FloatField(allow_null=True, help_text="Null: not even half are by now")
    p90 = serializers.FloatField(allow_null=True, help_text="Null: not reached by now")
    still_open = serializers.IntegerField(help_text="How many were open when last heard of")


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of one promise; an open complaint past it counts as broken."""

    kept = serializers.IntegerField()
    broken = serializers.IntegerField()
    undecided = serializers.IntegerField(help_text="Open, and not past it")
    share = serializers.FloatField(allow_null=True, help_text="Kept of those decided, 0 to 1")


class OnTimeSerializer(serializers.Serializer[Any]):
    """The forecast's median (kept by half of them if it is calibrated) and 90th percentile, and
    what the city promised: the due time of a complaint, else its type's hours."""

    median = OutcomeSerializer()
    p90 = OutcomeSerializer()
    due = OutcomeSerializer()


class StatisticsFiguresSerializer(serializers.Serializer[Any]):
    """The figures of some complaints; those not asked for are absent."""

    complaints = serializers.IntegerField()
    open = serializers.IntegerField()
    closed = serializers.IntegerField()
    instant_closings = serializers.IntegerField(
        help_text="Closed in the instant of filing: bookkeeping, no evidence of speed, in no hours"
    )
    hours_to_close = HoursToCloseSerializer(
        required=False, allow_null=True, help_text="Null below `minimum`"
    )
    survival = SurvivalSerializer(required=False, allow_null=True, help_text="Null below `minimum`")
    on_time = OnTimeSerializer(required=False)


class StatisticsGroupSerializer(StatisticsFiguresSerializer):
    """One group: its value of each of `group_by`, and its figures."""

    complaint_type = serializers.CharField(required=False)
    agency = serializers.CharField(required=False, allow_null=True)
    district = serializers.CharField(required=False, allow_null=True)
    channel = serializers.CharField(required=False)
    cell = serializers.CharField(required=False, allow_null=True)
    day = serializers.DateField(required=False)
    week = serializers.DateField(required=False)
    month = serializers.DateField(required=False)
    weekday = serializers.IntegerField(required=False)
    hour = serializers.IntegerField(required=False)
    closed_day = serializers.DateField(required=False)
    closed_week = serializers.DateField(required=False)
    closed_month = serializers.DateField(required=False)


class StatisticsExcludedSerializer(serializers.Serializer[Any]):
    """What the hours leave out."""

    instant_closings = serializers.IntegerField()
    groups_without_hours = serializers.IntegerField(help_text="Fewer closings than `minimum`")


class StatisticsSerializer(serializers.Serializer[Any]):
    """The answer to a question about complaints."""

    # The stubs know the `source` of fields; this one is the document's.
    source = serializers.ChoiceField(  # type: ignore[assignment]
        choices=("rollups", "rows"), help_text="What was read; the figures are the same"
    )
    rollup = serializers.CharField(allow_null=True, help_text="Which roll-up")
    group_by = serializers.ListField(child=serializers.CharField())
    counted_by = serializers.ChoiceField(choices=("filing", "closing"))
    time_zone = serializers.CharField(help_text="Days begin at its midnight")
    largest_error = serializers.FloatField(
        help_text="Medians and percentiles come from a histogram and are off by no larger share"
    )
    minimum = serializers.IntegerField()
    excluded = StatisticsExcludedSerializer()
    total = StatisticsFiguresSerializer()
    groups = StatisticsGroupSerializer(many=True)


class StatisticsAreaSerializer(StatisticsSerializer):
    """The answer for one area."""

    area = serializers.CharField()


class StatisticsDifferenceSerializer(serializers.Serializer[Any]):
    """The first area's figures divided by the second's."""

    complaints_ratio = serializers.FloatField(allow_null=True)
    mean_ratio = serializers.FloatField(allow_null=True)
    median_ratio = serializers.FloatField(allow_null=True)
    p90_ratio = serializers.FloatField(allow_null=True)
    is_median_beyond_error = serializers.BooleanField(
        help_text="Whether the medians differ by more than `largest_error` can explain"
    )


class ComparisonSerializer(serializers.Serializer[Any]):
    """Two areas."""

    areas = StatisticsAreaSerializer(many=True)
    difference = StatisticsDifferenceSerializer()


AREAS = OpenApiParameter("areas", OpenApiTypes.STR, required=True, description=EXPECTED)
COMPARISON_DOCUMENTATION = [
    AREAS,
    *(one for one in QUESTION_DOCUMENTATION if one.name not in {"district", "cell"}),
]
