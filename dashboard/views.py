"""The page."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from complaints.forecasting import ForecastQuery, NoForecast, get_forecaster
from complaints.models import City
from dashboard.answers import SCALE_HOURS, TICKS, Answer
from dashboard.cards import flow_series, key_figures, type_rows
from dashboard.complaint_types import FiledType, read_types
from dashboard.figures import read_figures
from dashboard.forms import ForecastForm, starting_question
from dashboard.promises import promise_series, read_promises
from dashboard.standing import Standing
from dashboard.window import WINDOW_DAYS, Window

STALE_AFTER = timedelta(hours=24)


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The dashboard of the city that the settings name."""
    now = timezone.now()
    standing = Standing.find(settings.CITY, now)
    if standing is None:
        return render(request, "dashboard/page.html", {"cards": key_figures(None)})
    city, as_of = standing.city, standing.as_of
    window = Window.up_to(city, as_of) if as_of else None
    types = read_types(city, window)
    figures = read_figures(window, types) if window else None
    promises = read_promises(city, now)
    # Forms read and templates print times in the current zone.
    with timezone.override(city.zone):
        context = {
            "city": city,
            "now": now,
            "as_of": as_of,
            "is_stale": as_of is not None and now - as_of > STALE_AFTER,
            "cards": key_figures(figures),
            "figures": figures,
            "flow": flow_series(figures) if figures else None,
            "types": type_rows(figures),
            "promises": promises,
            "promise_series": promise_series(promises) if promises else None,
            "window_days": WINDOW_DAYS,
            **_forecast_context(request, city, [kind for kind in types if kind.is_active], now),
        }
        return render(request, "dashboard/page.html", context)


def _forecast_context(
    request: HttpRequest, city: City, types: list[FiledType], now: datetime
) -> dict[str, Any]:
    """The form, and the answer to its question: the visitor's, or the one it starts with."""
    if not types:
        return {}
    asked = {name: value for name, value in request.GET.items() if value}
    question = {**starting_question(city, types, now), **asked}
    form = ForecastForm(city, types, now, question)
    context: dict[str, Any] = {
        "form": form,
        "scale": SCALE_HOURS,
        "ticks": TICKS,
        "blank_answer": Answer(),
    }
    if form.is_valid():
        try:
            context["answer"] = _ask(city, form.cleaned_data)
        except NoForecast as error:
            context["no_forecast"] = str(error)
    return context


def _ask(city: City, question: dict[str, Any]) -> Answer:
    query = ForecastQuery(
        complaint_type=question["complaint_type"],
        created_at=question["created_date"],
        latitude=question["latitude"],
        longitude=question["longitude"],
    )
    return Answer.of(get_forecaster().forecast(city, query, why=True), city)
