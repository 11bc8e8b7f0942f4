"""`/api/v1/statistics/`, as CSV, and for two areas beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from complaints.cities import default_city
from complaints.export_views import CSV, PathDecides
from complaints.statistics.answers import answer, body
from complaints.statistics.comparing import compare, read_areas
from complaints.statistics.queries import TooMany
from complaints.statistics.question import QUESTION_DOCUMENTATION, QUESTION_NAMES, read_question
from complaints.statistics.schema import (
    COMPARISON_DOCUMENTATION,
    ComparisonSerializer,
    StatisticsSerializer,
)
from complaints.statistics.sources import MOST_ROWS
from complaints.statistics.tables import csv_table
from smart311.problem_schema import problems
from smart311.query_strings import read_query

PROBLEMS = problems(400, 503)
DESCRIPTION = (
    "Counts and hours to close of the complaints that the parameters choose, the same ones that "
    "lists take. Days begin at the city's midnight. Whole days and months of types, of agencies "
    "and districts, or of cells come from roll-ups in milliseconds, anything else from the "
    f"complaints themselves, up to {MOST_ROWS:,} of them; `source` says which, and the figures are "
    "the same."
)


@contextmanager
def _bounded() -> Iterator[None]:
    try:
        yield
    except TooMany as error:
        raise ValidationError(str(error), code="too_many") from error


class StatisticsView(APIView):
    """Figures of complaints, in groups."""

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="statistics",
        summary="Counts and hours to close",
        description=DESCRIPTION,
        parameters=QUESTION_DOCUMENTATION,
        responses={200: StatisticsSerializer, **PROBLEMS},
    )
    @method_decorator(conditional_page)
    def get(self, request: Request) -> HttpResponseBase:
        """Answer with the figures of each group and of all."""
        question = read_question(read_query(request, QUESTION_NAMES))
        city = default_city()
        with _bounded():
            return Response(body(question, city, answer(question, city, timezone.now())))


class StatisticsCsvView(APIView):
    """The groups as a table."""

    permission_classes = (AllowAny,)
    content_negotiation_class = PathDecides
    renderer_classes = (JSONRenderer,)

    @extend_schema(
        operation_id="statistics_csv",
        summary="Statistics as CSV",
        description="RFC 4180 with a header: a line a group, without groups one line of the total. "
        "The figures of the JSON form, their names joined by underscores.",
        parameters=QUESTION_DOCUMENTATION,
        responses={(200, CSV): OpenApiTypes.STR, **PROBLEMS},
    )
    @method_decorator(conditional_page)
    def get(self, request: Request) -> HttpResponse:
        """Answer with the file."""
        question = read_question(read_query(request, QUESTION_NAMES))
        city = default_city()
        with _bounded():
            found = answer(question, city, timezone.now())
        return HttpResponse(
            csv_table(question, found),
            content_type=f"{CSV}; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="statistics.csv"'},
        )


class ComparisonView(APIView):
    """Two areas beside each other."""

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="statistics_compare",
        summary="Two areas compared",
        description="The statistics of two districts or cells, or of one and the whole city, and "
        "how the first differs from the second.",
        parameters=COMPARISON_DOCUMENTATION,
        responses={200: ComparisonSerializer, **PROBLEMS},
    )
    @method_decorator(conditional_page)
    def get(self, request: Request) -> HttpResponseBase:
        """Answer with both areas."""
        given = read_query(request, (*QUESTION_NAMES, "areas"))
        areas = read_areas(read_question(given), given.get("areas"))
        with _bounded():
            return Response(compare(areas, default_city(), timezone.now()))
