"""The promise made at filing against what came of it, counted by kind and week.

A promise is counted when its 80 % range has passed. Whether it counts then depends on when the
complaint was filed and what was promised, and not on its fate: a complaint still open past the
range is a miss like one that was closed too late, and one closed quickly does not count before its
slower twins. Counting closings as they come would praise the forecast, since fast ones come first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection, transaction

from complaints.models import City
from predictions.ml.survival import EDGES_HOURS
from predictions.models import ChanceCount, ForecastWatch, ModelVersion, PromiseCount

SQL = Path(__file__).parent / "sql"
TARGET = 0.8
"""Share of promises that should be kept: the range leaves out a tenth on either side."""
WITHIN_HOURS = (24, 72, 168)
"""Horizons of the chances that are compared with what came; those of forecasts' answers."""
LATE_COMMITS = timedelta(hours=1)
"""A transaction's changes carry its beginning: those of long ones appear this much later."""

COUNTED: dict[str, type[PromiseCount | ChanceCount]] = {
    "promise_counts.sql": PromiseCount,
    "chance_counts.sql": ChanceCount,
}
"""What counts a week, and into which table."""


@dataclass(frozen=True)
class Accuracy:
    """How some promises came out: shares of those due, 0 to 1, and the mean error."""

    due: int
    kept: float
    early: float
    late: float
    before_median: float
    error_hours: float

    @classmethod
    def of(cls, totals: dict[str, Any]) -> Accuracy | None:
        """From sums of counts; None where nothing is due."""
        due = totals["due"]
        if not due:
            return None
        return cls(
            due=due,
            kept=totals["kept"] / due,
            early=totals["early"] / due,
            late=totals["late"] / due,
            before_median=totals["before_median"] / due,
            error_hours=totals["error_seconds"] / due / 3600,
        )


@transaction.atomic
def count_promises(city: City, now: datetime, *, anew: bool = False) -> int:
    """Bring a city's counts up to `now`; answers how many weeks were counted anew.

    Only weeks with something new are; the counts are what counting everything would give. Safe to
    run again and at once: runs happen one after the other.
    """
    watch, _ = ForecastWatch.objects.select_for_update().get_or_create(city=city)
    since = watch.counted_until - LATE_COMMITS if watch.counted_until and not anew else None
    weeks = _weeks(city, since, now)
    for counts in COUNTED.values():
        rows = counts.objects.filter(city=city)
        (rows if anew else rows.filter(week_on__in=weeks)).delete()
    _count(city, weeks, now)
    watch.counted_until = now
    watch.save(update_fields=["counted_until"])
    return len(weeks)


def _count(city: City, weeks: list[date], now: datetime) -> None:
    values: dict[str, Any] = {
        "city": city.pk,
        "zone": city.time_zone,
        "now": now,
        "horizons": json.dumps(_horizons(city)),
        "within": list(WITHIN_HOURS),
    }
    with connection.cursor() as cursor:
        for name in COUNTED:
            statement = (SQL / name).read_text()
            for week in weeks:
                cursor.execute(statement, values | {"week": week})


def _weeks(city: City, since: datetime | None, now: datetime) -> list[date]:
    longest = max([EDGES_HOURS[-1], *_horizons(city).values()])
    with connection.cursor() as cursor:
        cursor.execute(
            (SQL / "promise_weeks.sql").read_text(),
            {
                "city": city.pk,
                "zone": city.time_zone,
                "since": since or "1000-01-01",
                "now": now,
                "longest": longest,
                "within": list(WITHIN_HOURS),
                "longest_within": WITHIN_HOURS[-1],
            },
        )
        return [week for (week,) in cursor.fetchall()]


def _horizons(city: City) -> dict[str, float]:
    """The last hour that each version speaks of; that of versions deleted is not known."""
    served = ModelVersion.objects.filter(city=city, activated_at__isnull=False)
    edges = served.values_list("version", "header__edges_hours")
    return {version: hours[-1] for version, hours in edges if hours}
