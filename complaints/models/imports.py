"""An import of open data: where it came from, how far it is, what was odd in it."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from complaints.models.reference import City


def _storage() -> Storage:
    """Where uploads wait: as the settings say, not as the migration found it."""
    return storages["imports"]


class ImportQuerySet(models.QuerySet["Import"]):
    """Imports in words."""

    def without_files(self) -> Self:
        """Without the columns that may be megabytes."""
        return self.defer("rejects")

    def of_portal(self, city: City, dataset: str) -> Self:
        """Those that read a portal's dataset for a city."""
        return self.filter(city=city, origin=Import.Origin.PORTAL, name=dataset)


class Import(models.Model):
    """One run over a file or a portal's dataset. Counts are public, rejected rows are not."""

    class Origin(models.TextChoices):
        FILE = "file"
        PORTAL = "portal"

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    city = models.ForeignKey(
        City, on_delete=models.PROTECT, null=True, blank=True, help_text="Empty: told by the form"
    )
    mapping = models.CharField(
        max_length=50, blank=True, help_text="Form of the data; empty: told by its columns"
    )
    origin = models.CharField(max_length=10, choices=Origin)
    name = models.CharField(max_length=200, help_text="Name of the file, or HOST/4x4")
    file = models.FileField(
        upload_to="%Y", storage=_storage, blank=True, help_text="CSV or JSON, plain, gzip or zip"
    )
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    since = models.DateTimeField(
        null=True, blank=True, help_text="Portal: only what changed since then"
    )
    observed_at = models.DateTimeField(
        null=True, blank=True, help_text="When the source was read; empty: its latest moment"
    )

    status = models.CharField(max_length=10, choices=Status, default=Status.WAITING)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    progress = models.FloatField(default=0.0, help_text="Share that is done; of a portal, unknown")
    checkpoint = models.JSONField(default=dict, blank=True, editable=False)
    counts = models.JSONField(default=dict, blank=True)
    report = models.JSONField(default=dict, blank=True, help_text="What was odd, by check")
    error = models.TextField(blank=True)
    rejects = models.BinaryField(blank=True, default=b"", help_text="Private: CSV, gzip")
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="import_status_is_known",
                condition=Q(status__in=["waiting", "running", "done", "failed"]),
            ),
            models.CheckConstraint(
                name="import_origin_is_known", condition=Q(origin__in=["file", "portal"])
            ),
        ]
        permissions = [("read_rejects", "Can download rejected rows")]

    def __str__(self) -> str:
        return f"{self.name} ({self.status})"
