"""What happened to a complaint, append-only."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from complaints.models.complaint import Complaint


class ComplaintEvent(models.Model):
    """One step in a complaint's life.

    Changes of the complaint itself are written by statement-level triggers, so a bulk UPDATE or a
    COPY is recorded too; rows here can be neither changed nor deleted.
    """

    class Kind(models.TextChoices):
        OPENED = "opened"
        STATUS_CHANGED = "status_changed"
        ASSIGNED = "assigned"
        COMMENTED = "commented"
        DUPLICATE_LINKED = "duplicate_linked"
        DUPLICATE_UNLINKED = "duplicate_unlinked"
        CLOSED = "closed"
        REOPENED = "reopened"
        CORRECTED = "corrected"
        ERASED = "erased", "Personal data erased"

    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(max_length=20, choices=Kind)
    occurred_at = models.DateTimeField(help_text="When it happened")
    recorded_at = models.DateTimeField(db_default=Now(), help_text="When we learned of it")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
    )
    text = models.TextField(blank=True, db_default="")
    is_public = models.BooleanField(default=True, db_default=True)

    class Meta:
        ordering = ["occurred_at", "id"]
        indexes = [
            # What imports tell has no actor; without it an account could hardly be deleted.
            models.Index(
                fields=["actor"],
                name="event_by_actor",
                condition=models.Q(actor__isnull=False),
            ),
            # What programs that keep in step ask for. A filing makes none of these events.
            models.Index(
                fields=["recorded_at", "id"],
                name="event_update_by_recorded",
                condition=models.Q(
                    kind__in=["status_changed", "closed", "reopened", "commented"],
                    is_public=True,
                ),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="event_kind_is_known",
                condition=models.Q(
                    kind__in=[
                        "opened",
                        "status_changed",
                        "assigned",
                        "commented",
                        "duplicate_linked",
                        "duplicate_unlinked",
                        "closed",
                        "reopened",
                        "corrected",
                        "erased",
                    ]
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.occurred_at:%Y-%m-%d %H:%M}"
