"""Promises that came out one way or another."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from complaints.models import ComplaintType
from complaints.tests.factories import make_city, make_type
from predictions.models import PromiseCount


def monday(of: date | None = None) -> date:
    """The Monday of a week; of this one without a day."""
    day = of or make_city().localise(timezone.now()).date()
    return day - timedelta(days=day.weekday())


def counted(
    week_on: date, early: int, kept: int, late: int, kind: ComplaintType | None = None
) -> None:
    """What became of the promises of a week."""
    kind = kind or make_type()
    PromiseCount.objects.create(
        city=kind.city,
        model="small-1",
        week_on=week_on,
        complaint_type=kind,
        agency=kind.agency,
        due=early + kept + late,
        early=early,
        kept=kept,
        late=late,
        before_median=0,
        error_seconds=0,
    )
