"""Many forecasts over HTTP at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.viewsets import ViewSet

from predictions.answers import JSON, answer_many, encoded, encoded_lines
from predictions.batches import (
    CSV,
    MOST_ROWS,
    NDJSON,
    Batch,
    CSVRows,
    JSONRows,
    NDJSONRows,
    PredictionQuerySerializer,
    no_rows,
)
from predictions.queries import Refused
from predictions.serializers import PredictionSerializer
from predictions.serving import ServingCity, serving
from smart311.parsers import MAX_BODY_BYTES
from smart311.problem_schema import problems
from smart311.problems import NotReady
from smart311.query_strings import read_query
from smart311.throttling import READING, BulkThrottle


def _one_or_many(one: type[serializers.Serializer[Any]]) -> PolymorphicProxySerializer:
    name = one.__name__.removesuffix("Serializer")
    return PolymorphicProxySerializer(
        component_name=f"{name}OneOrMany",
        serializers=[one(many=True), one],
        resource_type_field_name=None,
        many=False,
    )


class NDJSONRenderer(BaseRenderer):
    """Lets clients ask for an answer a line; the view writes them itself."""

    media_type = NDJSON
    format = "ndjson"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """A line of JSON."""
        return encoded_lines([data])


class RowsThrottle(BulkThrottle):
    """Each row counts as one reading."""

    scope = READING

    def count(self, data: Any) -> int:
        """How many a body has."""
        return len(data)


class PredictionBatchViewSet(ViewSet):
    """When will each of these be closed?"""

    permission_classes = (AllowAny,)
    parser_classes = (JSONRows, NDJSONRows, CSVRows)
    renderer_classes = (JSONRenderer, NDJSONRenderer)
    throttle_classes = (RowsThrottle,)

    @extend_schema(
        summary=f"Forecasts of up to {MOST_ROWS:,} complaints at once",
        # Only JSON is among the request's forms: with more than one, the clients that generators
        # make do not work.
        description="Takes a list of objects or one. As well takes, as `Content-Type` says, an "
        f"object a line (`{NDJSON}`) or a table (`{CSV}`) with a line of column names: "
        "`complaint_type,latitude,longitude`, then `rodent,40.7223,-73.9874`; an empty cell says "
        "nothing. Answers each in its order with what `/predict/` answers to it: JSON, or a line "
        f"each where `Accept` asks for `{NDJSON}`. If one row is wrong none is answered; errors "
        "point at rows, counted from 0, such as `/3/latitude`, and name the first hundred. A body "
        f"may have {MAX_BODY_BYTES >> 20} MiB. Each row counts as one reading.",
        request={JSON: _one_or_many(PredictionQuerySerializer)},
        responses={
            (200, JSON): OpenApiResponse(
                _one_or_many(PredictionSerializer), "In order; an object where one was sent"
            ),
            (200, NDJSON): OpenApiResponse(PredictionSerializer, "One a line, in order"),
            **problems(400, 403, 406, 408, 413, 415, 503),
        },
    )
    def create(self, request: Request) -> HttpResponse:
        """Answer all, or none."""
        read_query(request, ())
        batch = request.data
        if not isinstance(batch, Batch):
            # DRF asks no parser about an empty body.
            raise no_rows()
        known = _known()
        queries = batch.queries(known, timezone.now())
        try:
            bodies = answer_many(known, queries)
        except Refused as refused:
            raise NotReady(str(refused)) from refused
        if isinstance(request.accepted_renderer, NDJSONRenderer):
            return HttpResponse(encoded_lines(bodies), NDJSON)
        return HttpResponse(encoded(bodies if batch.is_list else bodies[0]), JSON)


def _known() -> ServingCity:
    known = serving.state().get(settings.CITY)
    if known is None:
        raise NotReady("The city is not loaded yet.")
    return known
