"""What the processes of one installation share besides the domain."""

from django.db import models


class ThrottleCount(models.Model):
    """How much somebody used up of one limit in one minute.

    The table is UNLOGGED: counting writes no log and waits for no disk; a crash of the database
    forgets the counts of that minute.
    """

    key = models.CharField(max_length=100, primary_key=True)
    used = models.BigIntegerField()
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.key}: {self.used}"
