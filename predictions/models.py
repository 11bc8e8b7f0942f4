"""The registry of model versions."""

from __future__ import annotations

import hashlib
import json
from typing import Any, Self

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from complaints.models import City


def header_sha256(header: Any) -> str:
    """SHA-256 of a header as canonical JSON: the order of keys does not matter."""
    text = json.dumps(header, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    """Versions by what they are good for."""

    def active(self) -> Self:
        """The versions that serve now, at most one a city."""
        return self.filter(status=ModelVersion.Status.ACTIVE)

    def without_bytes(self) -> Self:
        """Without the model files and their headers, which are megabytes."""
        return self.defer("onnx", "header", "rehearsal_onnx", "rehearsal_header")


class ModelVersion(models.Model):
    """One trained model: its bytes, what it needs to know to run, and how well it did."""

    class Status(models.TextChoices):
        CANDIDATE = "candidate"
        ACTIVE = "active"
        RETIRED = "retired"
        REFUSED = "refused"

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="model_versions")
    version = models.CharField(max_length=50, unique=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.CANDIDATE)
    as_of = models.DateTimeField(help_text="Training saw the world as known at this moment")
    trained_at = models.DateTimeField(db_default=Now())
    activated_at = models.DateTimeField(null=True, blank=True)
    onnx = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    header = models.JSONField(help_text="Features, encodings, horizons, versions of libraries")
    metrics = models.JSONField(
        default=dict, help_text="The evaluation, as evaluate_model prints it"
    )

    header_sha256 = models.CharField(
        max_length=64, blank=True, help_text="Of the header as canonical JSON"
    )
    rehearsal_onnx = models.BinaryField(
        null=True,
        blank=True,
        help_text="The same training as of the holdout's start: what was tested, where the model "
        "itself had seen the holdout",
    )
    rehearsal_header = models.JSONField(null=True, blank=True)
    verdict = models.JSONField(
        default=dict, blank=True, help_text="What the gate found: checks with got and expected"
    )
    history = models.JSONField(
        default=list, blank=True, help_text="Who let it serve or withdrew it, when and why"
    )

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-trained_at"]
        permissions = [
            ("activate_modelversion", "Can let a model version serve, and roll back"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["city"], condition=Q(status="active"), name="one_active_model_per_city"
            ),
            models.CheckConstraint(
                name="model_status_is_known",
                condition=Q(status__in=["candidate", "active", "retired", "refused"]),
            ),
        ]

    def __str__(self) -> str:
        return self.version

    @property
    def needs_reason(self) -> bool:
        """Whether only a person may let it serve: the gate refused it, or somebody withdrew it."""
        is_passed = self.verdict.get("passed", False)
        return self.status == self.Status.REFUSED or (
            self.status == self.Status.CANDIDATE and not is_passed
        )

    def has_intact_bytes(self) -> bool:
        """Whether the stored bytes are those that were trained."""
        return hashlib.sha256(bytes(self.onnx)).hexdigest() == self.sha256

    def has_intact_header(self) -> bool:
        """Whether the stored header is the one that was trained, as far as that is recorded."""
        return not self.header_sha256 or header_sha256(self.header) == self.header_sha256

    def refuse(self) -> None:
        """Keep it out of service, unless it serves."""
        rows = ModelVersion.objects.filter(pk=self.pk).exclude(status=self.Status.ACTIVE)
        rows.update(status=self.Status.REFUSED)
        self.refresh_from_db(fields=["status"])

    def activate(self) -> None:
        """Let this version serve; the one that served before is retired.

        Raises ValueError if the stored bytes are damaged; then nothing changes. Whether it is fit
        and permitted to serve is the question of `predictions.registry`.
        """
        if not self.has_intact_bytes():
            raise ValueError(f"{self.version}: stored bytes do not have the SHA-256 {self.sha256}")
        with transaction.atomic():
            # The city's row is the lock: two activations at once happen one after the other.
            City.objects.select_for_update().get(pk=self.city_id)
            siblings = ModelVersion.objects.filter(city_id=self.city_id).exclude(pk=self.pk)
            siblings.active().update(status=self.Status.RETIRED)
            ModelVersion.objects.filter(pk=self.pk).update(
                status=self.Status.ACTIVE, activated_at=Now()
            )
        self.refresh_from_db(fields=["status", "activated_at"])
