"""When people file: complaints by weekday and hour of the city's day."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from complaints.statistics.planning import plan
from complaints.statistics.queries import ask
from complaints.statistics.question import Question
from dashboard.selection import Selection


def read_heat(selection: Selection, now: datetime) -> dict[tuple[int, int], int]:
    """Counts by weekday (1 Monday to 7) and hour: whole months from a roll-up, else from rows.

    Counting takes far less of a row than other statistics do, so that it needs no bound.
    """
    question = Question(selection.filed, ("weekday", "hour"), ("counts",))
    if found := plan(question, selection.city):
        _, rows = ask(question, found, now)
        return {(row.key[0], row.key[1]): row.complaints for row in rows}
    zone = selection.city.zone
    counted = (
        selection.filed.rows()
        .order_by()
        .annotate(
            weekday=ExtractIsoWeekDay("created_at", tzinfo=zone),
            hour=ExtractHour("created_at", tzinfo=zone),
        )
        .values_list("weekday", "hour")
        .annotate(number=Count("*"))
    )
    return {(weekday, hour): number for weekday, hour, number in counted}
