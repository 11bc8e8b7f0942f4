"""Pages of other sites may read what is public."""

from __future__ import annotations

from corsheaders.middleware import CorsMiddleware
from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS


class PublicReadsCorsMiddleware(CorsMiddleware):
    """CORS for reading alone, never with cookies or keys; the answer to a POST stays closed."""

    def is_enabled(self, request: HttpRequest) -> bool:
        """Whether another site's page may see the answer."""
        return request.method in SAFE_METHODS and super().is_enabled(request)
