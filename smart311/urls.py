"""Every path of the project."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView

from complaints.open311.urls import paths as open311_paths
from complaints.urls import classic as complaint_paths
from complaints.urls import exports as complaint_exports
from complaints.urls import router as complaint_router
from complaints.urls import statistics as complaint_statistics
from predictions.urls import paths as prediction_paths
from predictions.urls import router as prediction_router
from smart311 import health
from smart311.accounts.urls import paths as account_paths
from smart311.api_index import ApiIndexView
from smart311.docs import ReDocView, SwaggerView
from smart311.metrics import metrics

handler400 = "smart311.problems.bad_request"
handler403 = "smart311.problems.permission_denied"
handler404 = "smart311.problems.not_found"
handler500 = "smart311.problems.server_error"

urlpatterns = [
    # First: asked most often, and each pattern before it would cost.
    *prediction_paths,
    re_path(r"^healthz/?$", health.healthz, name="healthz"),
    re_path(r"^readyz/?$", health.readyz, name="readyz"),
    re_path(r"^version/?$", health.version, name="version"),
    re_path(r"^metrics/?$", metrics, name="metrics"),
    re_path(r"^openapi\.json/?$", SpectacularJSONAPIView.as_view(), name="schema"),
    re_path(r"^docs/?$", SwaggerView.as_view(), name="docs"),
    re_path(r"^redoc/?$", ReDocView.as_view(), name="redoc"),
    re_path(r"^api/v1/?$", ApiIndexView.as_view(), name="api-index"),
    path("api/v1/", include(complaint_router.urls)),
    path("api/v1/", include(complaint_exports)),
    path("api/v1/", include(complaint_statistics)),
    path("api/v1/", include(prediction_router.urls)),
    path("api/v1/", include(account_paths)),
    path("open311/v2/", include(open311_paths)),
    *complaint_paths,
    path("admin/", admin.site.urls),
    path("", include("dashboard.urls")),
]
