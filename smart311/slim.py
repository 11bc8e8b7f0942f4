"""A short way for paths that know neither users nor sessions.

Most of what a small answer costs is passing through middleware that serves pages. Paths below
`settings.SLIM_PREFIXES` pass through `settings.SLIM_MIDDLEWARE` only; the view is the same, and so
are the headers of its answer.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponseBase
from django.template.response import SimpleTemplateResponse
from django.urls import ResolverMatch, URLResolver, get_resolver
from django.utils.module_loading import import_string

MOST_PATHS = 1000
"""So many are remembered with their views: a city has some hundreds of complaint types."""

Handler = Callable[[HttpRequest], HttpResponseBase]


class SlimMiddleware:
    """Outermost: sends a request the short way or the long one."""

    def __init__(self, get_response: Handler) -> None:
        self._long, self._prefixes = get_response, tuple(settings.SLIM_PREFIXES)
        self._short: Handler = convert_exception_to_response(_ask_view)  # type: ignore[assignment]
        for name in reversed(settings.SLIM_MIDDLEWARE):
            middleware = import_string(name)(self._short)
            self._short = convert_exception_to_response(middleware)  # type: ignore[assignment]
        # django-csp makes it anew for each answer, though it is the same.
        self._policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer."""
        if not request.path_info.startswith(self._prefixes):
            return self._long(request)
        response = self._short(request)
        response.headers.setdefault(HEADER, self._policy)
        return response


@lru_cache(maxsize=MOST_PATHS)
def _match(resolver: URLResolver, path: str) -> ResolverMatch:
    """The view of a path. Raises Resolver404, which is not remembered."""
    return resolver.resolve(path)


def _ask_view(request: HttpRequest) -> HttpResponseBase:
    match = request.resolver_match = _match(get_resolver(), request.path_info)
    response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
    # Answers that DRF has not written yet, as to OPTIONS.
    return response.render() if isinstance(response, SimpleTemplateResponse) else response
