"""`/api/v1/imports/`: open data in, and what was odd in it."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from django.conf import settings
from django.core.files import File
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiResponse,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.permissions import BasePermission, DjangoModelPermissionsOrAnonReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from complaints.fields import MomentField, StrictSerializer
from complaints.models import City, Import
from complaints.opendata.checks import CHECKS
from complaints.opendata.mapping import mappings
from complaints.opendata.portals import DATASET, Dataset, PortalError, begin, check_host
from complaints.tasks import run_import
from smart311.pagination import NewestFirstPagination
from smart311.parsers import StrictJSONParser
from smart311.problem_schema import problems
from smart311.viewsets import ReferenceViewSet

MEGABYTE = 1024 * 1024


class CountsSerializer(serializers.Serializer[Any]):
    """Every row read is in exactly one of the others; empty until something was stored."""

    read = serializers.IntegerField(required=False)
    new = serializers.IntegerField(required=False)
    updated = serializers.IntegerField(required=False)
    unchanged = serializers.IntegerField(required=False)
    superseded = serializers.IntegerField(
        required=False, help_text="Known from a later observation"
    )
    left_out = serializers.IntegerField(required=False)
    rejected = serializers.IntegerField(required=False)
    new_names = serializers.IntegerField(required=False)
    reasons = serializers.DictField(child=serializers.IntegerField(), required=False)
    notes = serializers.DictField(child=serializers.IntegerField(), required=False)


class FindingSerializer(serializers.Serializer[Any]):
    """What a check found."""

    title = serializers.CharField()
    rows = serializers.IntegerField()
    by_agency = serializers.DictField(
        child=serializers.IntegerField(), help_text="Most first; the empty name: without an agency"
    )
    examples = serializers.ListField(
        child=serializers.CharField(), help_text="Up to five ids of the source, or names of types"
    )


class ImportSerializer(serializers.ModelSerializer[Import]):
    """One import and how far it is."""

    city = serializers.SlugRelatedField[City](slug_field="slug", read_only=True, allow_null=True)
    counts = CountsSerializer()
    report = serializers.SerializerMethodField()

    class Meta:
        model = Import
        fields = (
            *("id", "city", "mapping", "origin", "name", "sha256", "since", "observed_at"),
            *("status", "created_at", "started_at", "finished_at", "progress", "error"),
            *("counts", "report"),
        )

    @extend_schema_field(serializers.DictField(child=FindingSerializer()))
    def get_report(self, run: Import) -> dict[str, Any]:
        """What was odd, by check, in the order of the checks; empty until it is known."""
        return {
            check: {"title": str(title), **run.report[check]}
            for check, title in CHECKS.items()
            if check in run.report
        }


class NewImportSerializer(StrictSerializer):
    """A file (as multipart) or a portal's dataset (as JSON)."""

    file = serializers.FileField(required=False, help_text="CSV or JSON, plain, gzip or zip")
    portal = serializers.CharField(
        required=False,
        max_length=200,
        help_text="HOST/4x4: data.cityofnewyork.us/erm2-nwe9",
    )
    city = serializers.SlugRelatedField(
        slug_field="slug",
        queryset=City.objects.all(),
        required=False,
        help_text="Told by the form if not given",
    )
    mapping = serializers.ChoiceField(
        choices=list(mappings()), required=False, help_text="Told by the columns if not given"
    )
    since = MomentField(required=False, help_text="Portal: only rows that changed since then")
    observed_at = MomentField(
        required=False, help_text="File: when it was read; else its latest moment"
    )

    def validate_portal(self, name: str) -> str:
        """A host on the list."""
        try:
            dataset = Dataset.named(name)
            check_host(dataset.host)
        except PortalError as error:
            raise serializers.ValidationError(str(error)) from error
        return str(dataset)

    def validate_file(self, file: File[bytes]) -> File[bytes]:
        """Not too large."""
        most = settings.IMPORT_MOST_MEGABYTES
        if (file.size or 0) > most * MEGABYTE:
            raise serializers.ValidationError(f"the file is larger than {most} megabytes")
        return file

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """One of the two."""
        if ("file" in attrs) == ("portal" in attrs):
            raise serializers.ValidationError("expected a file or a portal, and not both")
        return attrs


class PortalImportSerializer(NewImportSerializer):
    """A portal's dataset, as JSON: documentation, since JSON holds no file."""

    file = None  # type: ignore[assignment]
    observed_at = None  # type: ignore[assignment]
    portal = serializers.RegexField(
        rf"^{DATASET.pattern}$", help_text="HOST/4x4: data.cityofnewyork.us/erm2-nwe9"
    )


class RejectsPermission(BasePermission):
    """Rejected rows are as the source wrote them: for staff who may read them."""

    def has_permission(self, request: Request, view: object) -> bool:
        """Whether this account may."""
        return bool(request.user and request.user.has_perm("complaints.read_rejects"))


@extend_schema_view(
    list=extend_schema(summary="Imports, newest first"),
    retrieve=extend_schema(
        summary="One import", description="How far it is, and what was odd in the data."
    ),
)
class ImportViewSet(ReferenceViewSet[Import]):
    """Open data that was or is being imported."""

    queryset = Import.objects.without_files().select_related("city")
    serializer_class = ImportSerializer
    permission_classes = (DjangoModelPermissionsOrAnonReadOnly,)
    pagination_class = NewestFirstPagination
    parser_classes = (StrictJSONParser, MultiPartParser)
    lookup_url_kwarg = "number"
    lookup_value_regex = "[0-9]{1,18}"

    @extend_schema(
        summary="Import a file or a portal's dataset",
        description="It runs in the background: follow it by its id. The form of the data is told "
        "by its columns. A portal's import that was left half-way goes on.",
        request={
            "multipart/form-data": NewImportSerializer,
            "application/json": PortalImportSerializer,
        },
        responses={201: ImportSerializer, **problems(400, 401, 403, 413, 415, 429, 503)},
    )
    def create(self, request: Request) -> Response:
        """Make the row, keep the file, put it into the queue."""
        wanted = NewImportSerializer.read(request.data, city=_clock(request.data))
        run = requested(wanted, request.user.pk)
        run_import.enqueue(run.pk)
        return Response(ImportSerializer(run).data, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="Its rejected rows as CSV",
        responses={
            (200, "text/csv"): OpenApiResponse(
                OpenApiTypes.STR, "`row,reason,record`; no cell starts a formula"
            ),
            **problems(400, 401, 403, 404, 429, 503),
        },
    )
    @action(detail=True, url_path=r"rejects\.csv", permission_classes=[RejectsPermission])
    def rejects(self, request: Request, number: str) -> HttpResponse:
        """Up to 100,000 of them."""
        run = self.get_object()
        content = gzip.decompress(run.rejects) if run.rejects else b"row,reason,record\r\n"
        name = f"rejects-{run.pk}.csv"
        return HttpResponse(
            content,
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _clock(data: Any) -> City:
    """The city whose clock times without an offset are on: the one that is named, or ours."""
    named = data.get("city") if isinstance(data, Mapping) else None
    slug = named if isinstance(named, str) and "\x00" not in named else settings.CITY
    return City.objects.filter(slug=slug).first() or City(time_zone="UTC")


def requested(wanted: dict[str, Any], user: int | None) -> Import:
    """The row of an import that somebody asks for, its file kept."""
    city, mapping = wanted.get("city"), wanted.get("mapping", "")
    if "portal" in wanted:
        run = begin(Dataset.named(wanted["portal"]), city, mapping, wanted.get("since"))
        run.requested_by_id = user
        run.save(update_fields=["requested_by"])
        return run
    file = wanted["file"]
    return Import.objects.create(
        origin=Import.Origin.FILE,
        name=PurePath(file.name or "file").name[:200],
        file=file,
        city=city,
        mapping=mapping,
        observed_at=wanted.get("observed_at"),
        requested_by_id=user,
    )
