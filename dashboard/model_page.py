"""Is the forecast right? What it said against what came true, and what it was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from complaints.models import City
from complaints.phrases import hours_in_words, percent_in_words
from dashboard.cards import in_words
from dashboard.data_quality import read_data_quality
from dashboard.language import in_visitors_language
from dashboard.model_charts import (
    HORIZONS,
    by_kind_chart,
    by_week_chart,
    calibration_chart,
    is_telling,
    outcomes_by,
)
from dashboard.standing import Standing
from dashboard.views import frame
from predictions.models import ModelVersion, PromiseCount
from predictions.promises import TARGET, Accuracy

WEEKS = 26
VERSIONS = 12
RIVALS = {
    "forecast": gettext_lazy("This forecast"),
    "kaplan_meier_recent": gettext_lazy("Kaplan–Meier by type, recent"),
    "kaplan_meier": gettext_lazy("Kaplan–Meier by type"),
    "type_median": gettext_lazy("Median of the type"),
    "global_median": gettext_lazy("Median of everything"),
    "promise": gettext_lazy("What the city promises"),
    "forest_closed_rows": gettext_lazy("Random forest on closed complaints"),
}
STATUS_NAMES = {
    "candidate": gettext_lazy("Candidate"),
    "active": gettext_lazy("Serves now"),
    "retired": gettext_lazy("Served before"),
    "refused": gettext_lazy("Refused"),
}


@dataclass(frozen=True)
class Rival:
    """A way to forecast, with its errors; `bar` is percent of the worst."""

    name: str
    error: str
    bar: str
    median_error: str
    briers: list[str]
    coverage: str
    is_ours: bool


@dataclass(frozen=True)
class Version:
    """A line of the history."""

    version: str
    status: str
    status_name: str
    trained_at: datetime
    as_of: datetime
    error: str
    verdict: str


@require_safe
@in_visitors_language
def page(request: HttpRequest) -> HttpResponse:
    """The page of the city's serving model."""
    now = timezone.now()
    standing = Standing.find(settings.CITY, now)
    if standing is None:
        return render(request, "dashboard/model.html", frame(None, None, now))
    city = standing.city
    versions = list(ModelVersion.objects.without_bytes().filter(city=city)[:VERSIONS])
    active = next((one for one in versions if one.status == ModelVersion.Status.ACTIVE), None)
    with timezone.override(city.zone):
        context = {
            **frame(city, standing.as_of, now),
            "active": active,
            "versions": [_version(one) for one in versions],
            "data": read_data_quality(city),
        }
        if active:
            context |= {**_of_active(active), **_of_promises(city, now)}
        return render(request, "dashboard/model.html", context)


def _of_active(active: ModelVersion) -> dict[str, Any]:
    return {
        "test": _test_in_words(active.metrics),
        "rivals": _rivals(active.metrics),
        "calibration": calibration_chart(active.metrics),
    }


def _of_promises(city: City, now: datetime) -> dict[str, Any]:
    """What became of the ranges given in the last weeks, by whichever version served."""
    today = city.localise(now).date()
    counts = PromiseCount.objects.filter(city=city)
    counts = counts.filed_since(today - timedelta(weeks=WEEKS - 1))
    overall = outcomes_by(counts, "city")
    return {
        "definition": _definition(),
        "headline": percent_in_words(overall[0][1].kept) if overall else "",
        "sentence": _sentence(overall[0][1]) if overall else "",
        "weeks": by_week_chart([one for one in outcomes_by(counts, "week_on") if is_telling(one)]),
        "by_agency": by_kind_chart(
            "by-agency", _("By agency"), outcomes_by(counts, "agency__code")
        ),
        "by_district": by_kind_chart(
            "by-district", _("By area"), outcomes_by(counts, "district__name")
        ),
    }


def _definition() -> str:
    return _(
        "A forecast counts once its range of eight in ten has ended, closed or not; still open "
        "then is a miss. So fast closings do not flatter it."
    )


def _sentence(found: Accuracy) -> str:
    return _(
        "Of %(due)s ranges given in the last %(weeks)s weeks that have ended, %(kept)s were kept; "
        "%(early)s were closed sooner and %(late)s later or not yet. %(target)s are meant."
    ) % {
        "due": in_words(found.due),
        "weeks": WEEKS,
        "kept": percent_in_words(found.kept),
        "early": percent_in_words(found.early),
        "late": percent_in_words(found.late),
        "target": percent_in_words(TARGET),
    }


def _test_in_words(metrics: Mapping[str, Any]) -> str:
    if not metrics.get("rows"):
        return ""
    day = _("j M Y")
    return _(
        "Trained as of %(as_of)s and tried on %(rows)s complaints filed from %(first)s to "
        "%(last)s that it had not seen; times are cut at %(cut)s."
    ) % {
        "as_of": date_format(datetime.fromisoformat(metrics["as_of"]), day),
        "rows": in_words(int(metrics["rows"])),
        "first": date_format(datetime.fromisoformat(metrics["test_from"]), day),
        "last": date_format(datetime.fromisoformat(metrics["test_until"]), day),
        "cut": hours_in_words(float(metrics["restrict_hours"])),
    }


def _rivals(metrics: Mapping[str, Any]) -> list[Rival]:
    models = metrics.get("models", {})
    found = {name: models[name]["overall"] for name in RIVALS if name in models}
    worst = max((one["mae_hours"] for one in found.values()), default=1) or 1
    ordered = sorted(found.items(), key=lambda one: one[1]["mae_hours"])
    return [
        Rival(
            name=str(RIVALS[name]),
            error=hours_in_words(one["mae_hours"]),
            bar=f"{100 * one['mae_hours'] / worst:.1f}",
            median_error=hours_in_words(one["median_ae_hours"]),
            briers=[
                f"{one[f'brier_{hours}']:.3f}" if f"brier_{hours}" in one else "–"
                for hours in HORIZONS
            ],
            coverage=percent_in_words(one["coverage_80"]) if "coverage_80" in one else "–",
            is_ours=name == "forecast",
        )
        for name, one in ordered
    ]


def _version(one: ModelVersion) -> Version:
    overall = one.metrics.get("models", {}).get("forecast", {}).get("overall", {})
    passed = one.verdict.get("passed")
    verdict = "–" if passed is None else _("passed") if passed else _("refused")
    return Version(
        version=one.version,
        status=one.status,
        status_name=str(STATUS_NAMES.get(one.status, one.status)),
        trained_at=one.trained_at,
        as_of=one.as_of,
        error=hours_in_words(overall["mae_hours"]) if overall else "–",
        verdict=verdict,
    )
