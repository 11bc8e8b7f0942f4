"""Every route of the project, as the URL configuration has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admindocs.views import simplify_regex
from django.urls import URLPattern, URLResolver, get_resolver

METHODS = ("get", "post", "put", "patch", "delete")


def all_routes() -> Iterator[tuple[str, str, Any]]:
    """Method, path and view of each route but the admin's, which has a table of its own."""
    yield from _routes(get_resolver().url_patterns, "")


def _routes(patterns: list[Any], prefix: str) -> Iterator[tuple[str, str, Any]]:
    for pattern in patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.app_name != "admin":
                yield from _routes(pattern.url_patterns, path)
        elif isinstance(pattern, URLPattern):
            for method in _methods(pattern.callback):
                yield method.upper(), _plain(path), pattern.callback


def _methods(view: Any) -> list[str]:
    """Those that a view says it takes; a plain function is asked with GET."""
    if hasattr(view, "actions"):
        # The first request adds HEAD to them.
        return [method for method in METHODS if method in view.actions]
    if hasattr(view, "cls"):
        return [method for method in METHODS if hasattr(view.cls, method)]
    return ["get"]


def _plain(path: str) -> str:
    """`/api/v1/complaints/<id>/close`: without anchors and the slash that may stand at the end."""
    shown = simplify_regex(path.replace("/?$", "").replace("/?\\Z", ""))
    return shown.replace("\\", "").rstrip("/").rstrip("$") or "/"
