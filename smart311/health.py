"""Whether the service lives, and whether it can do its work."""

from __future__ import annotations

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.module_loading import import_string
from django.views.decorators.http import require_safe

from smart311 import __version__


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Each of settings.READINESS_CHECKS and what it found; 503 unless all are fine.

    `alerts` tell what needs somebody's attention while the service does its work.
    """
    found = _ask(settings.READINESS_CHECKS)
    is_ready = not any(found.values())
    alerts = _ask(settings.READINESS_ALERTS) if is_ready else {}
    return JsonResponse(
        {
            "status": "ready" if is_ready else "not ready",
            "checks": {name: trouble or "ok" for name, trouble in found.items()},
            "alerts": {name: alert for name, alert in alerts.items() if alert},
        },
        status=200 if is_ready else 503,
        headers={} if is_ready else {"Retry-After": "5"},
    )


def _ask(paths: list[str]) -> dict[str, str]:
    return {path.rpartition(".")[2]: import_string(path)() for path in paths}


@require_safe
def version(request: HttpRequest) -> JsonResponse:
    """The version of the program."""
    return JsonResponse({"version": __version__})


def database() -> str:
    """What is wrong with the database, or nothing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError):
        return "does not answer"
    return ""
