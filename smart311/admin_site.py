"""The admin's site: Unfold's, with the content policy that its pages need."""

from collections.abc import Callable
from typing import Any

from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from csp.decorators import csp_update
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponseBase
from unfold.sites import UnfoldAdminSite

# Unfold's menus are Alpine expressions in attributes, which the browser evaluates, and styles
# set by them. Only these pages get the permission; their scripts are still our own files.
_csp = csp_update({"style-src": [SELF, UNSAFE_INLINE], "script-src": [SELF, UNSAFE_EVAL]})


class Site(UnfoldAdminSite):  # type: ignore[misc]
    """The one admin site."""

    index_template = "predictions/admin_home.html"
    index_title = "Today"

    def admin_view(
        self, view: Callable[..., HttpResponseBase], cacheable: bool = False
    ) -> Callable[..., HttpResponseBase]:
        """Each page behind the login."""
        wrapped: Callable[..., HttpResponseBase] = _csp(super().admin_view(view, cacheable))
        return wrapped

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The login page, which stands before `admin_view`."""
        login: Callable[..., HttpResponseBase] = _csp(super().login)
        return login(request, extra_context)


class SiteConfig(AdminConfig):
    """Puts our site in the place of Django's."""

    default_site = "smart311.admin_site.Site"
