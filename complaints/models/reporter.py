"""Who filed a complaint: private, in a table of its own."""

from django.db import models

from complaints.models.complaint import Complaint


class Reporter(models.Model):
    """Contact data of the person who filed a complaint; never in a public answer or a log."""

    complaint = models.OneToOneField(
        Complaint, on_delete=models.CASCADE, primary_key=True, related_name="reporter"
    )
    name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    phone = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="reporter_by_age")]

    def __str__(self) -> str:
        return f"reporter of {self.complaint_id}"
