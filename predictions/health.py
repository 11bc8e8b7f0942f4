"""Whether forecasts can be given."""

from django.conf import settings
from django.db import DatabaseError, InterfaceError

from predictions.models import ForecastWatch
from predictions.serving import serving


def active_model() -> str:
    """What is wrong with the default city's model, or nothing."""
    try:
        known = serving.state().get(settings.CITY)
    except (DatabaseError, InterfaceError):
        return "the database does not answer"
    if known is None:
        return f"the city {settings.CITY!r} is not loaded"
    if known.model is None:
        return known.trouble or f"no model is active for {known.city.name}"
    return ""


def forecasts_fit() -> str:
    """What is wrong with the default city's forecasts, or nothing: a training is queued."""
    watches = ForecastWatch.objects.filter(city__slug=settings.CITY)
    try:
        alerts = watches.values_list("alerts", flat=True).first()
    except (DatabaseError, InterfaceError):
        return ""
    return "; ".join(alerts or [])


def refused_model() -> str:
    """Why an older version serves than the active one, or nothing: forecasts go on."""
    known = (serving.loaded() or {}).get(settings.CITY)
    return known.trouble if known and known.model else ""
