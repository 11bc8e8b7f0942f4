"""How long will it take? A question, and the forecast as a curve and in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from complaints.cities import known_city
from complaints.forecasting import ForecastQuery, NoForecast, get_forecaster
from complaints.models import City
from dashboard.answers import Answer
from dashboard.complaint_types import read_types
from dashboard.forms import ForecastForm, starting_question
from dashboard.language import in_visitors_language
from dashboard.recent import shared
from dashboard.standing import Standing
from dashboard.views import frame


@require_safe
@in_visitors_language
def page(request: HttpRequest) -> HttpResponse:
    """The question with its answer: the visitor's, or the one it starts with."""
    return _answered(request, "dashboard/how_long.html")


@require_safe
@in_visitors_language
def answer(request: HttpRequest) -> HttpResponse:
    """The answer alone, for the page that is open already."""
    return _answered(request, "dashboard/_answered.html")


def _answered(request: HttpRequest, template: str) -> HttpResponse:
    now = timezone.now()
    standing, _ = shared(("standing", settings.CITY), lambda: Standing.find(settings.CITY, now))
    if standing is None:
        return render(request, template, frame(None, None, now))
    city = standing.city
    # Forms read and templates print times in the current zone.
    with timezone.override(city.zone):
        context = {**frame(city, standing.as_of, now), **_question(request, city, now)}
        status = 400 if context.get("form") and context["form"].errors else 200
        return render(request, template, context, status=status)


def _question(request: HttpRequest, city: City, now: datetime) -> dict[str, Any]:
    every_type, _ = shared(("types", city.pk), lambda: read_types(city, now))
    types = [kind for kind in every_type if kind.is_active]
    if not types:
        return {}
    asked = {name: value for name, value in request.GET.items() if value}
    form = ForecastForm(city, types, now, {**starting_question(city, types, now), **asked})
    context: dict[str, Any] = {"form": form}
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
    kind = known_city(city.slug).catalogue.find(question["complaint_type"])
    found = get_forecaster().forecast(city, query, why=True)
    return Answer.of(found, city, kind.name)
