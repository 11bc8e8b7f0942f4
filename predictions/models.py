"""The registry of model versions."""

from __future__ import annotations

import hashlib
from typing import Self

from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Now

from complaints.models import City


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    """Versions by what they are good for."""

    def active(self) -> Self:
        """The versions that serve now, at most one a city."""
        return self.filter(status=ModelVersion.Status.ACTIVE)

    def without_bytes(self) -> Self:
        """Without the model file, which is megabytes."""
        return self.defer("onnx")


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

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["-trained_at"]
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

    def has_intact_bytes(self) -> bool:
        """Whether the stored bytes are those that were trained."""
        return hashlib.sha256(bytes(self.onnx)).hexdigest() == self.sha256

    def activate(self) -> None:
        """Let this version serve; the one that served before is retired.

        Raises ValueError if the stored bytes are damaged; then nothing changes.
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
