"""Whether promises are kept: a sentence, and a line by week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma

from complaints.models import City
from complaints.phrases import percent_in_words
from predictions.models import PROMISE_COUNTS, PromiseCount
from predictions.promises import TARGET, Accuracy

WEEKS = 12
SENTENCE_WEEKS = 4


@dataclass(frozen=True)
class PromiseWeek:
    """One week of filing, ready to print; `kept` also as a number for the chart."""

    monday: date
    due: str
    kept: str
    early: str
    late: str
    kept_percent: float


@dataclass(frozen=True)
class Promises:
    """What became of some weeks' promises; `kept` is empty if none of the newest has passed."""

    kept: str
    target: str
    sentence: str
    weeks: list[PromiseWeek]


def read_promises(city: City, now: datetime) -> Promises | None:
    """The last twelve weeks in one query; None where no promise's range has passed."""
    today = city.localise(now).date()
    counts = PromiseCount.objects.filter(city=city)
    rows = list(counts.filed_since(today - timedelta(weeks=WEEKS - 1)).totals("week_on"))
    if not rows:
        return None
    first = today - timedelta(days=today.weekday(), weeks=SENTENCE_WEEKS - 1)
    newest = [row for row in rows if row["week_on"] >= first]
    recent = Accuracy.of({name: sum(row[name] for row in newest) for name in PROMISE_COUNTS})
    return Promises(
        kept=percent_in_words(recent.kept) if recent else "",
        target=percent_in_words(TARGET),
        sentence=_sentence(recent, newest[0]["week_on"]) if recent else "",
        weeks=[_week(row) for row in rows],
    )


def _sentence(found: Accuracy, since: date) -> str:
    target = percent_in_words(TARGET)
    return (
        f"Of the {intcomma(found.due)} complaints filed since {since.day} {since:%B} that we gave "
        f"an {target} range, and whose range is over, {percent_in_words(found.kept)} were closed "
        f"within it, {percent_in_words(found.early)} sooner and "
        f"{percent_in_words(found.late)} later or not yet."
    )


def _week(row: dict[str, Any]) -> PromiseWeek:
    found = Accuracy.of(row)
    # Weeks without one have no row, by the definition of the counts.
    assert found is not None  # noqa: S101
    return PromiseWeek(
        monday=row["week_on"],
        due=intcomma(found.due),
        kept=percent_in_words(found.kept),
        early=percent_in_words(found.early),
        late=percent_in_words(found.late),
        kept_percent=round(100 * found.kept, 1),
    )


def promise_series(promises: Promises) -> dict[str, Any]:
    """The line chart as columns, as `static/dashboard/promises.js` reads them."""
    return {
        "weeks": [week.monday.isoformat() for week in promises.weeks],
        "kept": [week.kept_percent for week in promises.weeks],
        "target": 100 * TARGET,
    }
