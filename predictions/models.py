"""The registry of model versions, and what became of their promises."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from typing import Any, Self

from django.db import models, transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Now

from complaints.models import Agency, City, ComplaintType, District


def header_sha256(header: Any) -> str:
    """SHA-256 of a header as canonical JSON: the order of keys does not matter."""
    digest = hashlib.sha256()
    # In pieces: as one call of C it would keep every request waiting for several milliseconds.
    for piece in json.JSONEncoder(sort_keys=True, separators=(",", ":")).iterencode(header):
        digest.update(piece.encode())
    return digest.hexdigest()


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

    pruned_at = models.DateTimeField(
        null=True,
        blank=True,
        editable=False,
        help_text="When its bytes were given away; it cannot serve again",
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
            models.CheckConstraint(
                name="active_model_has_its_bytes",
                condition=~Q(status="active") | Q(pruned_at=None),
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


class PromiseCountQuerySet(models.QuerySet["PromiseCount"]):
    """Counts of promises, narrowed and added up."""

    def of_model(self, version: str) -> Self:
        """Those that one model version made."""
        return self.filter(model=version)

    def filed_since(self, day: date) -> Self:
        """Those of the week that `day` lies in, and later ones."""
        return self.filter(week_on__gte=day - timedelta(days=day.weekday()))

    def totals(self, *by: str) -> QuerySet[PromiseCount, dict[str, Any]]:
        """Sums for each combination of `by`, as dictionaries."""
        sums = {name: Sum(name) for name in PROMISE_COUNTS}
        # The stubs lose the type of rows on the way.
        rows: QuerySet[PromiseCount, dict[str, Any]] = (
            self.order_by(*by).values(*by).annotate(**sums)
        )
        return rows


PROMISE_COUNTS = ("due", "early", "kept", "late", "before_median", "error_seconds")


class PromiseCount(models.Model):
    """How the promises to complaints of one kind, filed in one week, came out.

    Counted are complaints whose 80 % range has passed, closed or not: whether one counts depends
    on what was promised and never on what came of it.
    """

    city = models.ForeignKey(City, on_delete=models.CASCADE)
    model = models.CharField(max_length=50, help_text="Version that promised")
    week_on = models.DateField(help_text="Monday of the week of filing, on the city's calendar")
    complaint_type = models.ForeignKey(ComplaintType, on_delete=models.CASCADE)
    agency = models.ForeignKey(Agency, on_delete=models.CASCADE, null=True)
    district = models.ForeignKey(District, on_delete=models.CASCADE, null=True)
    due = models.PositiveIntegerField(help_text="Complaints whose 80 % range has passed")
    early = models.PositiveIntegerField(help_text="Closed before the range began")
    kept = models.PositiveIntegerField(help_text="Closed within the range")
    late = models.PositiveIntegerField(help_text="Not closed when the range ended")
    before_median = models.PositiveIntegerField(help_text="Closed by the promised median")
    error_seconds = models.BigIntegerField(
        help_text="Sum of |min(time to close, range's end) − median|, in whole seconds"
    )

    objects = PromiseCountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["city", "week_on", "model", "complaint_type", "agency", "district"],
                nulls_distinct=False,
                name="promise_counted_once",
            ),
            models.CheckConstraint(
                name="promise_counts_add_up",
                condition=Q(due=models.F("early") + models.F("kept") + models.F("late")),
            ),
        ]
        indexes = [models.Index(fields=["model", "week_on"], name="promise_by_model")]

    def __str__(self) -> str:
        return f"{self.model}, {self.week_on}"


class ChanceCount(models.Model):
    """What was promised to be closed within some hours, and what was, of one week's complaints.

    The chance follows from the promised quantiles. Counted are complaints that were filed so many
    hours ago, closed or not.
    """

    city = models.ForeignKey(City, on_delete=models.CASCADE)
    model = models.CharField(max_length=50, help_text="Version that promised")
    week_on = models.DateField(help_text="Monday of the week of filing, on the city's calendar")
    within_hours = models.PositiveSmallIntegerField()
    tenth = models.PositiveSmallIntegerField(help_text="Of the promised chance: 0 is below 10 %")
    complaints = models.PositiveIntegerField()
    closed = models.PositiveIntegerField(help_text="Closed within those hours")
    said_millionths = models.BigIntegerField(help_text="Sum of the promised chances")

    objects = models.Manager["ChanceCount"]()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["city", "week_on", "model", "within_hours", "tenth"],
                name="chance_counted_once",
            ),
            models.CheckConstraint(
                name="chance_closed_are_some_of_all",
                condition=Q(closed__lte=models.F("complaints")),
            ),
        ]
        indexes = [models.Index(fields=["model"], name="chance_by_model")]

    def __str__(self) -> str:
        return f"{self.model}, {self.week_on}, {self.within_hours} h"


class ForecastWatch(models.Model):
    """What is watched of a city's forecasts, and what is wrong with them."""

    city = models.OneToOneField(City, on_delete=models.CASCADE, related_name="forecast_watch")
    counted_until = models.DateTimeField(
        null=True, help_text="Promises are counted as of this moment"
    )
    checked_at = models.DateTimeField(null=True)
    drift = models.JSONField(
        default=dict, help_text="Input → population stability index against the training"
    )
    alerts = models.JSONField(default=list, help_text="Reasons to train again, in words")
    retraining_at = models.DateTimeField(null=True, help_text="When it was last asked for")

    class Meta:
        verbose_name_plural = "forecast watches"

    def __str__(self) -> str:
        return f"{self.city}: {'; '.join(self.alerts) or 'nothing wrong'}"
