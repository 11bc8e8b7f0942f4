"""Pages of imports: what came in, and what was odd in it. Counts and ids only."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from complaints.models import City, Import
from complaints.opendata.checks import CHECKS
from dashboard.language import in_visitors_language
from dashboard.reasons import reason_in_words
from dashboard.views import frame

SHOWN_IMPORTS = 50
MOST_AGENCIES = 5
COUNTS = {
    "read": gettext_lazy("Rows read"),
    "new": gettext_lazy("New"),
    "updated": gettext_lazy("Changed"),
    "unchanged": gettext_lazy("As they were"),
    "superseded": gettext_lazy("Known from later"),
    "left_out": gettext_lazy("Left out"),
    "rejected": gettext_lazy("Rejected"),
}
STATUSES = {
    Import.Status.WAITING.value: gettext_lazy("waiting"),
    Import.Status.RUNNING.value: gettext_lazy("running"),
    Import.Status.DONE.value: gettext_lazy("done"),
    Import.Status.FAILED.value: gettext_lazy("failed"),
}


@dataclass(frozen=True)
class Finding:
    """A check as a line of the table."""

    title: str
    rows: str
    share: str
    agencies: str
    examples: str


@require_safe
@in_visitors_language
def imports(request: HttpRequest) -> HttpResponse:
    """The latest imports."""
    found = Import.objects.without_files().select_related("city")[:SHOWN_IMPORTS]
    rows = [
        {
            "run": run,
            "read": f"{run.counts.get('read', 0):,}",
            "odd": f"{_odd(run):,}",
            "status": STATUSES.get(run.status, run.status),
        }
        for run in found
    ]
    context = {**frame(_city(), None, timezone.now()), "rows": rows}
    return render(request, "dashboard/imports.html", context)


@require_safe
@in_visitors_language
def one_import(request: HttpRequest, number: str) -> HttpResponse:
    """One import: its counts, and each check by agency."""
    run = get_object_or_404(Import.objects.without_files().select_related("city"), pk=number)
    counts = [
        (str(title), f"{run.counts[name]:,}")
        for name, title in COUNTS.items()
        if name in run.counts
    ]
    context = {
        **frame(run.city or _city(), None, timezone.now()),
        "run": run,
        "status": STATUSES.get(run.status, run.status),
        "counts": counts,
        "findings": findings(run),
        "reasons": [
            (f"{rows:,}", reason_in_words(text))
            for text, rows in run.counts.get("reasons", {}).items()
        ],
        "is_running": run.status in (Import.Status.WAITING, Import.Status.RUNNING),
        "progress": f"{run.progress:.0%}",
    }
    return render(request, "dashboard/import.html", context)


def findings(run: Import) -> list[Finding]:
    """What each check found, in the checks' order."""
    read = run.counts.get("read") or 1
    return [
        Finding(
            title=str(title),
            rows=f"{found['rows']:,}",
            share=f"{found['rows'] / read:.1%}",
            agencies=_agencies(found["by_agency"]),
            examples=", ".join(found["examples"]),
        )
        for check, title in CHECKS.items()
        if (found := run.report.get(check))
    ]


def _agencies(by_agency: dict[str, int]) -> str:
    most = sorted(by_agency.items(), key=lambda one: -one[1])
    unknown = _("none")
    named = ", ".join(f"{agency or unknown} {rows:,}" for agency, rows in most[:MOST_AGENCIES])
    more = len(most) - MOST_AGENCIES
    return (
        named if more <= 0 else _("%(named)s and %(count)s more") % {"named": named, "count": more}
    )


def _odd(run: Import) -> int:
    return sum(found["rows"] for found in run.report.values())


def _city() -> City | None:
    return City.objects.filter(slug=settings.CITY).first()
