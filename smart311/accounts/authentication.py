"""Who asks: the owner of the key in `Authorization: Bearer …`."""

from __future__ import annotations

import re

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from smart311.accounts.models import ApiKey
from smart311.throttling import FAILED_KEYS, charge, refuse_if_spent

SCHEME = "Bearer"
CHALLENGE = f'{SCHEME} realm="Smart 311"'
_KEY = re.compile(r"s311_[0-9a-f]{64}")


class KeyAuthentication(TokenAuthentication):  # type: ignore[misc]
    """A key that is missing is nobody; one that is bad is refused, never taken for nobody.

    Knox's own class looks through all of a user's keys and deletes the expired ones, at each
    request; this one reads one row.
    """

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The key's owner and the key. Raises AuthenticationFailed, Throttled."""
        header = self.header(request)
        if header is None:
            return None
        refuse_if_spent(FAILED_KEYS, request)
        try:
            key = find_key(header)
        except AuthenticationFailed:
            charge(FAILED_KEYS, request)
            raise
        return key.user, key

    def header(self, request: Request) -> str | None:
        """What the request says in `Authorization`, or elsewhere, if anything."""
        return request.headers.get("authorization")

    def authenticate_header(self, request: HttpRequest | Request) -> str:
        """What a 401 says in `WWW-Authenticate`."""
        return CHALLENGE


def find_key(header: str) -> ApiKey:
    """The valid key of an `Authorization` header. Raises AuthenticationFailed that says why not."""
    scheme, _, secret = header.partition(" ")
    if scheme.casefold() != SCHEME.casefold():
        raise AuthenticationFailed(f"Authorization: expected {SCHEME} and an API key.")
    secret = secret.strip()
    key = _stored(secret) if _KEY.fullmatch(secret) else None
    if key is None:
        raise AuthenticationFailed("This API key is not known.")
    now = timezone.now()
    if (state := key.state_at(now)) != "valid":
        raise AuthenticationFailed(f"This API key is {state}.")
    if not key.user.is_active:
        raise AuthenticationFailed("The owner of this API key is not active.")
    ApiKey.objects.note_use(key, now)
    return key


def _stored(secret: str) -> ApiKey | None:
    found: ApiKey | None = (
        ApiKey.objects.select_related("user").filter(digest=hash_token(secret)).first()
    )
    return found
