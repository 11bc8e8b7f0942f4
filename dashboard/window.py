"""The stretch of time that the page speaks of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from complaints.filters import ComplaintFilter
from complaints.models import City, Complaint
from complaints.models.complaint import ComplaintQuerySet
from complaints.rollups.grains import FILED
from complaints.statistics.planning import plan
from complaints.statistics.queries import Row, ask
from complaints.statistics.question import Question

WINDOW_DAYS = 28
"""Whole weeks, so that every weekday counts equally often."""
LAST_DAY = timedelta(hours=24)


@dataclass(frozen=True)
class Window:
    """From a local midnight to the moment the city's data reaches, both inclusive."""

    city: City
    start_at: datetime
    end_at: datetime

    @classmethod
    def up_to(cls, city: City, as_of: datetime) -> Window:
        """The last `WINDOW_DAYS` calendar days of the city; the last may have just begun."""
        # Data up to midnight exactly ends with the day before, it does not begin a new one.
        last_day = city.localise(as_of - timedelta(microseconds=1)).date()
        first_day = last_day - timedelta(days=WINDOW_DAYS - 1)
        return cls(city, datetime.combine(first_day, time.min, tzinfo=city.zone), as_of)

    @property
    def days(self) -> list[date]:
        """The calendar days, oldest first."""
        return [self.start_at.date() + timedelta(days=n) for n in range(WINDOW_DAYS)]

    @property
    def ends_within_a_day(self) -> bool:
        """Whether the last day is not over yet."""
        return self.city.localise(self.end_at).time() != time.min

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The midnights at which its first day begins and its last day ends."""
        after = self.days[-1] + timedelta(days=1)
        return self.start_at, datetime.combine(after, time.min, tzinfo=self.city.zone)

    def ask(self, basis: str, group_by: str, *figures: str) -> tuple[Row, list[Row]]:
        """The total and the groups of what was filed, or closed, on its days; from roll-ups.

        Days are whole: what a clock ahead of ours files in the minutes to come counts as well.
        """
        start_at, end_at = self.bounds
        if basis == FILED:
            chosen = ComplaintFilter(self.city.slug, created_after=start_at, created_before=end_at)
        else:
            chosen = ComplaintFilter(self.city.slug, closed_after=start_at, closed_before=end_at)
        question = Question(chosen, (group_by,), figures)
        return ask(question, plan(question, self.city), self.end_at)

    def as_filter(self, moment: str = "created_at") -> dict[str, datetime]:
        """Keywords for `filter`: `moment` lies in the window."""
        return {f"{moment}__gte": self.start_at, f"{moment}__lte": self.end_at}

    def filed(self) -> ComplaintQuerySet:
        """The city's complaints filed in the window."""
        return Complaint.objects.filter(city=self.city, **self.as_filter())

    def closed(self) -> ComplaintQuerySet:
        """The city's complaints closed in the window."""
        return Complaint.objects.closed().filter(city=self.city, **self.as_filter("closed_at"))

    def last_day(self) -> Window:
        """Its last 24 hours."""
        # Both ends of a window are inclusive; the instant 24 h ago belongs to the day before.
        start_at = self.end_at - LAST_DAY + timedelta(microseconds=1)
        return Window(self.city, start_at, self.end_at)
