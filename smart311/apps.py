"""The project as an app, and which static files it serves."""

from django.apps import AppConfig
from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig

from smart311 import patience

UNUSED_BUILDS = [
    *("echarts.js*", "echarts.[ces]*", "extension"),
    *("h3-js.js*", "h3-js.es.*", "browser", "libh3*", "legacy*", "print-bindings.js"),
    # Not htmx.js: the admin loads its own of that name.
    *("htmx.[ace]*", "ext"),
    "leaflet-src*",
    "swagger-ui-es-*",
    *("*.d.ts", "package.json"),
]
"""Other builds of the front-end packages: 50 MB that would only be hashed and compressed."""


class Smart311Config(AppConfig):
    name = "smart311"
    verbose_name = "Smart 311"

    def ready(self) -> None:
        """Requests do not wait on a silent database without end."""
        if settings.SERVES_REQUESTS:
            patience.install()


class ServedFilesConfig(StaticFilesConfig):
    """Django's static files, without the builds that no page loads."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, *UNUSED_BUILDS]
