"""Paths below `/open311/v2/`. The suffix, always there, says the format."""

from django.urls import re_path

from complaints.open311 import views
from complaints.open311.updates import UpdatesView

SUFFIX = r"\.(?P<suffix>[^/.]*)/?\Z"

paths = [
    re_path(rf"^discovery{SUFFIX}", views.DiscoveryView.as_view(), name="open311-discovery"),
    re_path(rf"^services{SUFFIX}", views.ServicesView.as_view(), name="open311-services"),
    re_path(
        rf"^services/(?P<code>[^/]+){SUFFIX}", views.ServiceView.as_view(), name="open311-service"
    ),
    re_path(rf"^requests{SUFFIX}", views.RequestsView.as_view(), name="open311-requests"),
    re_path(
        rf"^requests/(?P<request_id>[^/]+){SUFFIX}",
        views.RequestView.as_view(),
        name="open311-request",
    ),
    re_path(rf"^tokens/(?P<token>[^/]+){SUFFIX}", views.TokenView.as_view(), name="open311-token"),
    re_path(rf"^servicerequestupdates{SUFFIX}", UpdatesView.as_view(), name="open311-updates"),
]
