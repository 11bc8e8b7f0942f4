"""Which language a page speaks: asked for, remembered, or the browser's.

Only pages do: answers of the API are English whatever the client's browser prefers.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

from smart311.language import COOKIE, chosen_language

View = Callable[..., HttpResponse]

A_YEAR_SECONDS = 31_536_000


def in_visitors_language(view: View) -> View:
    """The view in the visitor's language; `?lang=es` is remembered."""

    @wraps(view)
    def spoken(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        language = chosen_language(request)
        with translation.override(language):
            response = view(request, *args, **kwargs)
        response.headers["Content-Language"] = language
        patch_vary_headers(response, ["Accept-Language", "Cookie"])
        if request.GET.get("lang") == language:
            response.set_cookie(
                *(COOKIE, language),
                max_age=A_YEAR_SECONDS,
                samesite="Lax",
                secure=settings.HAS_TLS,
                httponly=True,
            )
        return response

    return spoken
