"""A page that asks before the admin does something: links are only looked at."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.forms import Form
from django.http import HttpRequest
from django.template.response import TemplateResponse


def ask(
    site: AdminSite,
    request: HttpRequest,
    *,
    title: str,
    question: str,
    back: str,
    form: Form | None = None,
) -> TemplateResponse:
    """The question with its button, which POSTs to the same address; `back` leads away."""
    context: dict[str, Any] = {
        **site.each_context(request),
        "title": title,
        "question": question,
        "back": back,
        "form": form,
    }
    return TemplateResponse(request, "smart311/confirm.html", context)
