"""Keys for programs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from knox.models import AbstractAuthToken, AuthTokenManager, get_digest_token
from knox.settings import CONSTANTS

LASTS = timedelta(days=90)
"""How long a key is valid unless its maker says otherwise."""
LASTS_AT_MOST = timedelta(days=730)
NOTED_EVERY = timedelta(hours=1)
"""How exactly the last use is known; a statement a request would cost more than it tells."""


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    """Keys, narrowed in words."""

    def valid_at(self, now: datetime) -> Self:
        """Neither expired nor revoked."""
        return self.filter(revoked_at__isnull=True, expiry__gt=now)

    def note_use(self, key: ApiKey, now: datetime) -> None:
        """Remember when the key was last used, to the hour."""
        if key.last_used_at is None or key.last_used_at < now - NOTED_EVERY:
            self.filter(pk=key.pk).update(last_used_at=now)


class ApiKeyManager(AuthTokenManager.from_queryset(ApiKeyQuerySet)):  # type: ignore[misc]
    """Knox's manager with our words."""


class ApiKey(AbstractAuthToken):  # type: ignore[misc]
    """What a program signs its requests with: it acts as the user who owns the key.

    Only the SHA-512 of the key is stored, and its first characters to find it by. A key that is
    expired or revoked stays in the table, so that the list tells what became of it.
    """

    name = models.CharField(max_length=100, help_text="What it is for")
    expiry = models.DateTimeField("expires", help_text="It is refused from then on")
    last_used_at = models.DateTimeField(
        "last used", null=True, blank=True, editable=False, help_text="To the hour"
    )
    revoked_at = models.DateTimeField("revoked", null=True, blank=True, editable=False)

    objects = ApiKeyManager()

    class Meta:
        verbose_name = "API key"
        ordering = ["-created"]
        constraints = [
            models.CheckConstraint(
                name="api_key_expires_after_creation", condition=Q(expiry__gt=models.F("created"))
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def issue(self, lasts: timedelta) -> str:
        """Give it a secret, store it, and answer the key itself: nobody can read it again."""
        self.digest, key = get_digest_token()
        self.token_key = key[: CONSTANTS.TOKEN_KEY_LENGTH]
        self.expiry = timezone.now() + lasts
        self.save(force_insert=True)
        return str(key)

    def revoke(self, now: datetime) -> None:
        """Refuse it from now on. Revoking again keeps the first time."""
        ApiKey.objects.filter(pk=self.pk, revoked_at__isnull=True).update(revoked_at=now)
        self.refresh_from_db(fields=["revoked_at"])

    def state_at(self, now: datetime) -> str:
        """`valid`, `expired` or `revoked`."""
        if self.revoked_at:
            return "revoked"
        return "valid" if self.expiry > now else "expired"
