"""A complaint: what was reported where and when, and when it was closed."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

import h3.api.basic_int as h3
from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.core.validators import URLValidator
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Cast, Concat, Left, Now, Replace, Right

from complaints.models.complaint_rows import ComplaintQuerySet as ComplaintQuerySet
from complaints.models.complaint_rows import Status
from complaints.models.promise import Deadline, LikelyLate, is_beyond_horizon
from complaints.models.reference import Agency, City, ComplaintType, District

CELL_RESOLUTION = 9
"""H3 resolution of stored cells: about 350 m from centre to centre, a few street blocks."""
MEDIA_SCHEMES = ("https", "http")
MEDIA_URL_LENGTH = 500

_hex = Replace(Cast(RandomUUID(), models.CharField()), Value("-"))
# Digits 13 and 17 of a version 4 UUID are not random: take eight from the left, twelve from the
# right. Two calls of the random function are two UUIDs; 80 random bits either way.
_random_public_id = Concat(Left(_hex, 8), Right(_hex, 12))

PUBLIC_TEXT = SearchVector(
    *(
        Replace(name, Value("/"), Value(" "), output_field=models.TextField())
        for name in ("descriptor", "address", "resolution", "public_description")
    ),
    config="english",
)
"""What a text search looks at: only what the public may read, or a search for a telephone number
would tell which complaint has it. "Music/Party" is two words, not the path of a file."""


def new_public_id() -> str:
    """80 random bits, as the database would draw them."""
    return secrets.token_hex(10)


def new_public_ids(number: int) -> list[str]:
    """Many of them, at a tenth of the cost each."""
    digits = secrets.token_hex(10 * number)
    return [digits[start : start + 20] for start in range(0, len(digits), 20)]


def cell_of(latitude: float, longitude: float) -> int:
    """H3 cell (resolution 9) of a point in degrees."""
    return int(h3.latlng_to_cell(latitude, longitude, CELL_RESOLUTION))


class Complaint(models.Model):
    """One complaint. Nothing outside this model sets `status` or `closed_at` of a single row."""

    Status = Status

    public_id = models.CharField(
        max_length=20, unique=True, editable=False, db_default=_random_public_id
    )
    city = models.ForeignKey(City, on_delete=models.PROTECT, db_index=False)
    complaint_type = models.ForeignKey(ComplaintType, on_delete=models.PROTECT, db_index=False)
    agency = models.ForeignKey(
        Agency, on_delete=models.PROTECT, null=True, blank=True, db_index=False
    )
    district = models.ForeignKey(
        District, on_delete=models.PROTECT, null=True, blank=True, db_index=False
    )
    descriptor = models.CharField(max_length=200, blank=True)
    location_type = models.CharField(max_length=100, blank=True)
    description = models.TextField(blank=True, help_text="As filed: private")
    public_description = models.TextField(
        blank=True, db_default="", editable=False, help_text="The description, redacted"
    )
    as_filed = models.JSONField(
        blank=True,
        default=dict,
        db_default=Value({}, models.JSONField()),
        editable=False,
        help_text="Private: what stood in public fields before redaction, by field",
    )
    redaction = models.CharField(
        max_length=20,
        blank=True,
        db_default="",
        editable=False,
        help_text="Policy and version of the rules that made the public text",
    )

    status = models.CharField(max_length=12, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(help_text="When it was filed")
    closed_at = models.DateTimeField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now(), help_text="Last change of this row")
    due_at = models.DateTimeField(null=True, blank=True, help_text="What the city promised")
    observed_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When the source last told this row's state; an open row is censored there. "
        "Empty: we are the source, the state is known now.",
    )

    latitude = models.FloatField(null=True, blank=True, help_text="Degrees, WGS 84")
    longitude = models.FloatField(null=True, blank=True, help_text="Degrees, WGS 84")
    cell = models.BigIntegerField(null=True, blank=True, help_text="H3 cell, resolution 9")
    address = models.CharField(max_length=300, blank=True)
    zip = models.CharField(max_length=10, blank=True)
    media_url = models.URLField(
        max_length=MEDIA_URL_LENGTH,
        blank=True,
        db_default="",
        validators=[URLValidator(MEDIA_SCHEMES)],
        help_text="A picture of it, https or http",
    )

    attributes = models.JSONField(
        blank=True,
        default=dict,
        db_default=Value({}, models.JSONField()),
        editable=False,
        help_text="Private: answers to the type's Open311 attributes, lists of text by code",
    )

    channel = models.CharField(max_length=20, blank=True, help_text="phone, online, mobile, …")
    source = models.CharField(max_length=50, default="api", help_text="Where the row came from")
    external_id = models.CharField(  # noqa: DJ001  (null lets rows without one be many)
        max_length=100, null=True, blank=True, help_text="The source's own id"
    )
    filed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="filed_complaints",
        help_text="Whose key or session filed it; empty if anonymous or imported",
    )
    duplicate_of = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="duplicates",
    )
    is_duplicate = models.BooleanField(
        default=False,
        db_default=False,
        help_text="It repeats another complaint; a source may mark that without saying of which",
    )
    resolution = models.TextField(blank=True, help_text="What the agency says it did")

    promised_median_hours = models.FloatField(null=True, blank=True, editable=False)
    promised_p10_hours = models.FloatField(null=True, blank=True, editable=False)
    promised_p90_hours = models.FloatField(null=True, blank=True, editable=False)
    promised_by = models.CharField(
        max_length=50, blank=True, editable=False, help_text="Version of the model that promised"
    )

    objects = ComplaintQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["city", "source", "external_id"], name="complaint_once_per_source"
            ),
            models.CheckConstraint(
                name="complaint_status_is_known",
                condition=Q(status__in=["open", "in_progress", "closed"]),
            ),
            models.CheckConstraint(
                name="complaint_closed_iff_closed_at",
                condition=Q(status="closed", closed_at__isnull=False)
                | (~Q(status="closed") & Q(closed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="complaint_closed_after_created",
                condition=Q(closed_at__isnull=True) | Q(closed_at__gte=F("created_at")),
            ),
            # PostgreSQL sorts NaN above every number, so the upper bounds refuse it too. The
            # comparisons alone would let one coordinate without the other pass as unknown.
            models.CheckConstraint(
                name="complaint_place_is_on_earth",
                condition=Q(latitude__isnull=True, longitude__isnull=True, cell__isnull=True)
                | Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__gte=-90,
                    latitude__lte=90,
                    longitude__gte=-180,
                    longitude__lte=180,
                    cell__isnull=False,
                ),
            ),
            models.CheckConstraint(
                name="complaint_not_its_own_duplicate",
                condition=Q(duplicate_of__isnull=True) | ~Q(duplicate_of=F("id")),
            ),
        ]
        indexes = [
            # By the place as well: what lies outside a box is passed over without its row.
            models.Index(
                fields=["city", "-created_at", "-id", "latitude", "longitude"],
                name="complaint_by_created",
            ),
            models.Index(fields=["city", "closed_at"], name="complaint_by_closed"),
            models.Index(fields=["city", "updated_at", "id"], name="complaint_by_updated"),
            models.Index(fields=["complaint_type", "created_at"], name="complaint_by_type"),
            models.Index(fields=["agency", "created_at"], name="complaint_by_agency"),
            models.Index(fields=["district", "created_at"], name="complaint_by_district"),
            models.Index(
                fields=["complaint_type", "cell"],
                name="complaint_open_by_type_cell",
                condition=~Q(status="closed"),
            ),
            # The newest complaints of a cell tell a new one's district without touching the table.
            models.Index(
                fields=["city", "cell", "-id"],
                name="complaint_by_cell",
                include=["district"],
            ),
            models.Index(fields=["city", "latitude", "longitude"], name="complaint_by_place"),
            # Imported complaints have no promise, and would be gone through to find a late one.
            models.Index(
                fields=["city", "-created_at", "-id"],
                name="complaint_promised_by_created",
                condition=Q(promised_p90_hours__isnull=False),
            ),
            GinIndex(PUBLIC_TEXT, name="complaint_by_text"),
            # Costs the many anonymous ones nothing; without it an account could hardly be deleted.
            models.Index(
                fields=["filed_by", "-id"],
                name="complaint_by_filer",
                condition=Q(filed_by__isnull=False),
            ),
            # Few complaints repeat another, and nobody asks for those that repeat none.
            models.Index(
                fields=["duplicate_of"],
                name="complaint_by_original",
                condition=Q(duplicate_of__isnull=False),
            ),
            # What staff work through: few rows of a large table, by when they should be closed.
            models.Index(
                F("agency"),
                Deadline(),
                LikelyLate(),
                name="complaint_open_by_deadline",
                condition=~Q(status="closed"),
            ),
            models.Index(
                fields=["-created_at", "-id"],
                name="complaint_open_by_created",
                condition=~Q(status="closed"),
            ),
            models.Index(
                fields=["updated_at"],
                name="complaint_open_by_updated",
                condition=~Q(status="closed"),
            ),
            # The unique key begins with city and source; staff type the beginning of the id.
            models.Index(
                fields=["external_id"],
                name="complaint_by_external_id",
                opclasses=["varchar_pattern_ops"],
                condition=Q(external_id__isnull=False),
            ),
        ]
        permissions = [
            ("work_every_agency", "Can work complaints of every agency"),
            ("export_private_fields", "Can export descriptions and reporters"),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def shown_description(self) -> str:
        """What the public reads of the description."""
        return self.public_description if self.city.publishes_descriptions else ""

    @property
    def is_promised_beyond_horizon(self) -> bool:
        """Whether the promised median stands for a later one."""
        return is_beyond_horizon(self.promised_median_hours)

    @property
    def is_open(self) -> bool:
        """Whether it still waits to be closed."""
        return self.status != self.Status.CLOSED

    def close(self, at: datetime, resolution: str = "") -> bool:
        """Record the closing time, and what was done. Answers whether this call closed it.

        Closing again keeps the first time. Raises ValueError if `at` is before the complaint was
        created.
        """
        if at < self.created_at:
            raise ValueError(f"closed at {at}, before creation at {self.created_at}")
        told = {"resolution": resolution} if resolution else {}
        # The filter lets the first of two concurrent calls win.
        return self._change(
            Complaint.objects.open(), status=self.Status.CLOSED, closed_at=at, **told
        )

    def reopen(self) -> bool:
        """Open it again; its history keeps the earlier closing. Answers whether this call did."""
        return self._change(Complaint.objects.closed(), status=self.Status.OPEN, closed_at=None)

    def set_in_progress(self, is_in_progress: bool) -> bool:
        """Say whether somebody works on it. Answers False, and does nothing, if it is closed."""
        status = self.Status.IN_PROGRESS if is_in_progress else self.Status.OPEN
        return self._change(Complaint.objects.open(), status=status)

    def assign(self, agency: Agency) -> bool:
        """Give it to an agency. Answers False if that agency has it already."""
        others = Complaint.objects.filter(~Q(agency=agency) | Q(agency__isnull=True))
        return self._change(others, agency=agency)

    def link_to(self, original: Complaint) -> None:
        """Mark it as a duplicate of another complaint."""
        self._change(Complaint.objects.all(), duplicate_of=original, is_duplicate=True)

    def unlink(self) -> bool:
        """Take back that it is a duplicate. Answers False, and does nothing, if it is none."""
        return self._change(
            Complaint.objects.filter(is_duplicate=True), duplicate_of=None, is_duplicate=False
        )

    def _change(self, rows: ComplaintQuerySet, **values: Any) -> bool:
        """Change the row if it is one of `rows`; read it again either way."""
        count = rows.filter(pk=self.pk).update(**values, updated_at=Now())
        self.refresh_from_db(fields=[*values, "status", "closed_at", "updated_at"])
        return bool(count)
