"""Which language somebody wants: asked for, remembered, or the browser's."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_supported_language_variant
from django.utils.translation.trans_real import parse_accept_lang_header

COOKIE = "language"


def chosen_language(request: HttpRequest) -> str:
    """One of settings.LANGUAGES."""
    known = dict(settings.LANGUAGES)
    for wanted in (request.GET.get("lang"), request.COOKIES.get(COOKIE)):
        if wanted in known:
            return str(wanted)
    for name, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        try:
            return get_supported_language_variant(name)
        except LookupError:
            continue
    return "en"
