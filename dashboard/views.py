"""The first page: one filter, and everything that it says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints.models import Agency, City
from complaints.statistics.queries import TooMany
from dashboard.cards import agency_rows, key_figures, type_rows
from dashboard.charts import boxes_chart, flow_chart, histogram_chart
from dashboard.filter_bar import area_choices, filter_bar
from dashboard.language import in_visitors_language
from dashboard.overview import Overview
from dashboard.recent import recent_overview, shared
from dashboard.rows import read_rows
from dashboard.selection import Selection, read_selection
from dashboard.standing import STALE_AFTER, Standing
from dashboard.words import moment_in_page


@dataclass(frozen=True)
class Visit:
    """A request to a page about a city that has data: when, and what was chosen."""

    now: datetime
    city: City
    selection: Selection


def frame(city: City | None, as_of: datetime | None, now: datetime) -> dict[str, Any]:
    """What the frame of each page shows."""
    return {
        "city": city,
        "now": now,
        "as_of": as_of,
        "as_of_words": moment_in_page(city.localise(as_of)) if city and as_of else "",
        "is_stale": as_of is not None and now - as_of > STALE_AFTER,
        "languages": settings.LANGUAGES,
        "map_tile_url": settings.MAP_TILE_URL,
        "map_tile_attribution": settings.MAP_TILE_ATTRIBUTION,
    }


def visit(request: HttpRequest) -> Visit | None:
    """What was asked; None where there is no city or no complaint."""
    now = timezone.now()
    standing = Standing.find(settings.CITY, now)
    if standing is None or standing.as_of is None:
        return None
    selection = read_selection(request.GET, standing.city, standing.as_of)
    return Visit(now, standing.city, selection)


@require_safe
@in_visitors_language
def page(request: HttpRequest) -> HttpResponse:
    """The dashboard of the city that the settings name; who asks alike shares it for a moment."""
    key = ("page", settings.CITY, get_language(), request.GET.urlencode())
    (body, status), _is_new = shared(key, lambda: _made(request))
    return HttpResponse(body, status=status)


def _made(request: HttpRequest) -> tuple[bytes, int]:
    response = _page(request)
    return response.content, response.status_code


def _page(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    standing = Standing.find(settings.CITY, now)
    if standing is None or standing.as_of is None:
        city = standing.city if standing else None
        return render(request, "dashboard/empty.html", frame(city, None, now))
    city, as_of = standing.city, standing.as_of
    selection = read_selection(request.GET, city, as_of)
    # Templates print times in the current zone.
    with timezone.override(city.zone):
        context = {
            **frame(city, as_of, now),
            "selection": selection,
            "problems": selection.problems,
        }
        status = 400 if selection.problems else 200
        try:
            context |= _board(request, recent_overview(selection, now)[0])
        except TooMany as error:
            context |= _rows_alone(request, selection, str(error))
            status = 400
        return render(request, "dashboard/page.html", context, status=status)


def _rows_alone(request: HttpRequest, selection: Selection, reason: str) -> dict[str, Any]:
    """Where the figures are too much to ask: the complaints themselves, and the filter."""
    agencies = Agency.objects.filter(city=selection.city).values_list("code", "name")
    return {
        "bar": filter_bar(selection, dict(agencies), []),
        "query": selection.query(),
        "rows": read_rows(request.GET, selection),
        "too_many": reason,
    }


def _board(request: HttpRequest, found: Overview) -> dict[str, Any]:
    selection = found.selection
    return {
        "bar": filter_bar(selection, found.all_agencies, found.channels),
        "query": selection.query(),
        "cards": key_figures(found),
        "has_before": found.before is not None and found.before.filed > 0,
        "flow": flow_chart(found),
        "types": type_rows(found),
        "type_count": len(found.types),
        "histogram": histogram_chart(found),
        "boxes": boxes_chart(found),
        "agencies": agency_rows(found),
        "rows": read_rows(request.GET, selection),
        "heat_title": _("When people file"),
        "repeats_title": _("Again and again"),
        "areas": area_choices(selection.city),
    }
