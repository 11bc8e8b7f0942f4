"""Something that is done to many complaints at once: who asked, of what, and what came of it."""

from __future__ import annotations

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now


class BulkStep(models.Model):
    """Chosen complaints, the question whether it is meant, the work and its outcome in one row."""

    class Kind(models.TextChoices):
        ASSIGN = "assign"
        CLOSE = "close"
        DUPLICATE = "duplicate", "Mark as duplicates"
        UNLINK = "unlink", "Not duplicates"

    class Status(models.TextChoices):
        ASKED = "asked", "Not confirmed"
        WAITING = "waiting"
        DONE = "done"
        FAILED = "failed"

    kind = models.CharField(max_length=10, choices=Kind)
    keys = ArrayField(models.BigIntegerField(), help_text="Complaints that were chosen")
    values = models.JSONField(default=dict, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.ASKED)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    asked_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)
    changed = models.PositiveIntegerField(null=True, blank=True, help_text="Complaints changed")
    error = models.TextField(blank=True)

    class Meta:
        ordering = ["-asked_at", "-id"]
        constraints = [
            models.CheckConstraint(
                name="bulk_kind_is_known",
                condition=models.Q(kind__in=["assign", "close", "duplicate", "unlink"]),
            ),
            models.CheckConstraint(
                name="bulk_status_is_known",
                condition=models.Q(status__in=["asked", "waiting", "done", "failed"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {len(self.keys):,} complaints"
