"""How keys appear in the OpenAPI schema."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """An HTTP bearer scheme."""

    target_class = "smart311.accounts.authentication.KeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """The scheme object."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key, made by the staff of the city: `Authorization: Bearer "
            "s311_…`. Without one you are anonymous; a key that is not valid is refused.",
        }
