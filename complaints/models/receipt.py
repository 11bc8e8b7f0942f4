"""What was already answered to a client that sends its request again."""

from django.db import models
from django.db.models.functions import Now

from complaints.models.complaint import Complaint
from complaints.models.reference import City


class IntakeReceipt(models.Model):
    """One idempotency key and its answer, written in the transaction that stores the complaint.

    `source` is the door and who came through it: a key means something only to whoever chose it.
    """

    city = models.ForeignKey(City, on_delete=models.PROTECT, db_index=False)
    source = models.CharField(max_length=50)
    key = models.CharField(max_length=128)
    payload_sha256 = models.CharField(max_length=64)
    complaint = models.ForeignKey(
        Complaint, on_delete=models.CASCADE, null=True, help_text="Empty for a bulk"
    )
    # Null only inside the transaction that makes the row.
    status = models.PositiveSmallIntegerField(null=True, help_text="HTTP status of the answer")
    location = models.CharField(max_length=200, blank=True, db_default="")
    answer = models.TextField(blank=True, db_default="", help_text="Body of the answer, JSON")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["city", "source", "key"], name="receipt_once_per_source"
            ),
        ]
        indexes = [models.Index(fields=["created_at"], name="receipt_by_age")]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"
