"""Parts of the first page that come after it: each answers with a fragment or JSON."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import condition, require_safe

from complaints.statistics.queries import TooMany
from dashboard.charts import heat_chart
from dashboard.comparing import read_comparison
from dashboard.heat import read_heat
from dashboard.language import in_visitors_language
from dashboard.live import live_figures, live_tag
from dashboard.outlines import read_outlines
from dashboard.places import read_places
from dashboard.recent import recent_overview
from dashboard.repeats import read_repeats
from dashboard.views import Visit, visit

Part = Callable[[HttpRequest, Visit], HttpResponse]


def part(view: Part) -> Callable[[HttpRequest], HttpResponse]:
    """A view of one selection; without a city, and where it is too much to ask, it says so."""

    @require_safe
    @in_visitors_language
    @wraps(view)
    def answered(request: HttpRequest) -> HttpResponse:
        asked = visit(request)
        if asked is None:
            return HttpResponse(_("There are no complaints yet."), status=404)
        if asked.selection.problems:
            return HttpResponseBadRequest("; ".join(asked.selection.problems), "text/plain")
        with timezone.override(asked.city.zone):
            try:
                return view(request, asked)
            except TooMany as error:
                return render(request, "dashboard/_too_many.html", {"reason": error}, status=400)

    return answered


@part
def heat(request: HttpRequest, asked: Visit) -> HttpResponse:
    """When people file, by weekday and hour."""
    chart = heat_chart(read_heat(asked.selection, asked.now))
    return render(request, "dashboard/_chart.html", {"chart": chart})


@part
def repeats(request: HttpRequest, asked: Visit) -> HttpResponse:
    """Addresses with the most complaints of one type."""
    context = {"repeats": read_repeats(asked.selection)}
    return render(request, "dashboard/_repeats.html", context)


@part
def compare(request: HttpRequest, asked: Visit) -> HttpResponse:
    """Two areas beside each other."""
    comparison = read_comparison(request.GET, asked.selection, asked.now)
    return render(request, "dashboard/_comparison.html", {"comparison": comparison})


@part
def places(request: HttpRequest, asked: Visit) -> HttpResponse:
    """The hexagons of the map."""
    found = read_places(asked.selection, asked.now)
    cells = [
        [one.cell, one.complaints, _rounded(one.median_hours), _rounded(one.late_share)]
        for one in found.cells
    ]
    return JsonResponse({"total": found.total, "unplaced": found.unplaced, "cells": cells})


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 3)


@part
def outlines(request: HttpRequest, asked: Visit) -> HttpResponse:
    """Outlines of boroughs, and the area of each hexagon."""
    found = read_outlines(asked.city)
    response = JsonResponse({"boroughs": found.boroughs, "names": found.names})
    response.headers["Cache-Control"] = "public, max-age=600"
    return response


@part
def live(request: HttpRequest, asked: Visit) -> HttpResponse:
    """The key figures as they are now; 304 while nothing has changed."""
    tag = live_tag(asked.selection, asked.now)
    is_new = True

    @condition(etag_func=lambda _request: tag)
    def answer(_request: HttpRequest) -> HttpResponse:
        nonlocal is_new
        found, is_new = recent_overview(asked.selection, asked.now)
        return JsonResponse(live_figures(found, asked.now))

    response: HttpResponse = answer(request)
    response.headers["Cache-Control"] = "no-cache"
    if not is_new:
        # The tag tells of the database now, the figures were read a moment ago.
        del response.headers["ETag"]
    return response
