"""The API's documentation pages, served whole from this machine."""

from typing import Any

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.utils.decorators import method_decorator
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView

# Both programs set styles while they run; scripts stay our own files. ReDoc searches in a worker
# that it makes from a blob.
_csp = csp_update({"style-src": [SELF, UNSAFE_INLINE], "worker-src": [SELF, "blob:"]})


@method_decorator(_csp, name="dispatch")
class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI, its start-up script a file of its own instead of an inline one."""

    http_method_names = ["get", "head"]
    url_name = "schema"
    title: Any = "Smart 311 API"


@method_decorator(_csp, name="dispatch")
class ReDocView(SpectacularRedocView):
    """ReDoc, without the fonts that its own template fetches from elsewhere."""

    http_method_names = ["get", "head"]
    url_name = "schema"
    template_name = "smart311/redoc.html"
    title: Any = "Smart 311 API"
