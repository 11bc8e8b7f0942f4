"""The admin's first page: today at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from complaints.access import worked_by
from complaints.cities import cities
from complaints.desk.queues import counts, queues_of
from complaints.desk.words import ago
from complaints.models import City, Complaint, Import
from complaints.phrases import percent_in_words
from predictions.models import ForecastWatch, ModelVersion
from predictions.watch import recent_accuracy
from smart311.task_health import TaskHealth

WEEK = timedelta(days=7)
SHOWN_IMPORTS = 3


@dataclass(frozen=True)
class Card:
    """A number, what it counts, where it leads; `is_bad` where somebody should look."""

    title: str
    number: str
    note: str = ""
    address: str = ""
    is_bad: bool = False


def home(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the template shows, of what this person may see."""
    user, now = cast(User, request.user), timezone.now()
    may_see = user.has_perm
    works = may_see("complaints.view_complaint")
    return {
        **context,
        "queues": queue_cards(user, now) if works else [],
        "intake": intake_cards(user, now) if works else [],
        "models": model_cards(now) if may_see("predictions.view_modelversion") else [],
        "tasks": task_cards(now) if may_see("django_tasks_database.view_dbtaskresult") else [],
        "imports": import_cards(now) if may_see("complaints.view_import") else [],
    }


def queue_cards(user: User, now: datetime) -> list[Card]:
    """How much waits in each of a person's queues."""
    listed = reverse("admin:complaints_complaint_changelist")
    waiting = counts(user, now)
    return [
        Card(
            queue.title,
            queue.in_words(waiting[queue.name]),
            queue.told,
            f"{listed}?{urlencode({'queue': queue.name})}",
            is_bad=queue.name == "overdue" and waiting[queue.name] > 0,
        )
        for queue in queues_of(user)
        if queue.is_counted
    ]


def intake_cards(user: User, now: datetime) -> list[Card]:
    """Filed and closed since midnight, beside the same hours a week ago, in each city."""
    cards = []
    for known in cities.state().values():
        rows = worked_by(user, Complaint.objects.filter(city=known.city))
        for title, column in (("Filed today", "created_at"), ("Closed today", "closed_at")):
            today, before = (
                rows.filter(**{f"{column}__gte": start, f"{column}__lte": end}).count()
                for start, end in _same_hours(known.city, now)
            )
            name = title if len(cities.state()) == 1 else f"{title}, {known.city}"
            cards.append(Card(name, f"{today:,}", f"{before:,} by this time a week ago"))
    return cards


def _same_hours(city: City, now: datetime) -> list[tuple[datetime, datetime]]:
    """From the city's midnight to now, and the same a week before."""
    spans = []
    for moment in (now, now - WEEK):
        local = city.localise(moment)
        spans.append((local.replace(hour=0, minute=0, second=0, microsecond=0), moment))
    return spans


def model_cards(now: datetime) -> list[Card]:
    """Which version serves each city, and whether its promises come true."""
    watches = {watch.city_id: watch for watch in ForecastWatch.objects.all()}
    active = ModelVersion.objects.active().without_bytes().select_related("city")
    serving = {version.city_id: version for version in active}
    return [
        _model_card(known.city, serving.get(known.city.pk), watches.get(known.city.pk), now)
        for known in cities.state().values()
    ]


def _model_card(
    city: City, version: ModelVersion | None, watch: ForecastWatch | None, now: datetime
) -> Card:
    listed = reverse("admin:predictions_modelversion_changelist")
    if version is None:
        return Card(f"Forecasts, {city}", "none", "No model is active.", listed, is_bad=True)
    found = recent_accuracy(city, now)
    kept = (
        f"{percent_in_words(found.kept)} of {found.due:,} promises of four weeks kept"
        if found
        else "no promise has come due yet"
    )
    alerts = "; ".join(watch.alerts) if watch else ""
    note = f"{alerts or kept}. Trained {ago(version.trained_at, now)}."
    return Card(f"Forecasts, {city}", version.version, note, listed, is_bad=bool(alerts))


def task_cards(now: datetime) -> list[Card]:
    """What waits for the workers, and what failed."""
    health = TaskHealth.now(now)
    listed = reverse("admin:django_tasks_database_dbtaskresult_changelist")
    since = f"the oldest {ago(health.waiting_since, now)}" if health.waiting_since else ""
    return [
        Card("Tasks waiting", f"{health.waiting:,}", since, listed, is_bad=health.is_late),
        Card(
            "Tasks failed",
            f"{health.failed:,}",
            "in the last day",
            f"{listed}?{urlencode({'status__exact': 'FAILED'})}",
            is_bad=health.failed > 0,
        ),
    ]


def import_cards(now: datetime) -> list[Card]:
    """The latest imports."""
    return [
        Card(
            run.name,
            run.get_status_display(),
            f"{run.counts.get('read', 0):,} rows, {ago(run.created_at, now)}",
            reverse("admin:complaints_import_change", args=[run.pk]),
            is_bad=run.status == Import.Status.FAILED,
        )
        for run in Import.objects.without_files()[:SHOWN_IMPORTS]
    ]
