"""The filter of the pages: one object, read from the URL, behind every number, map and file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError

from complaints.filter_parameters import parse_filter
from complaints.filters import ComplaintFilter
from complaints.models import City, Complaint
from smart311.problems import shorten

RANGES = {"24h": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365, "all": None}
"""Quick ranges and their days; the last ones up to the moment that the data reaches."""
DEFAULT_RANGE = "30d"
PROPERTIES = ("complaint_type", "agency", "district", "channel", "status", "cell")
"""What narrows besides the dates; values are those of the API, with commas between."""
OPEN = (Complaint.Status.OPEN.value, Complaint.Status.IN_PROGRESS.value)
LAST_DAY = "24h"
BEGINNING = date(1900, 1, 1)
"""Before any complaint: a condition on closing that only says that there was one."""


@dataclass(frozen=True)
class Selection:
    """What a visitor chose. Times are inclusive at the start and exclusive at the end.

    `start_at` and `end_at` are None where nothing bounds. `chosen` are the codes by property.
    """

    city: City
    as_of: datetime
    range: str
    start_at: datetime | None
    end_at: datetime | None
    chosen: dict[str, tuple[str, ...]]
    narrowed: ComplaintFilter
    problems: tuple[str, ...] = ()

    @property
    def filed(self) -> ComplaintFilter:
        """Complaints filed in the window: what the map, the table and the files hold."""
        return replace(self.narrowed, created_after=self.start_at, created_before=self.end_at)

    @property
    def closed(self) -> ComplaintFilter:
        """Complaints closed in the window, whenever they were filed."""
        return replace(self.narrowed, closed_after=self.start_at, closed_before=self.end_at)

    @property
    def waiting(self) -> ComplaintFilter:
        """Complaints that are open now, whenever they were filed."""
        wanted = tuple(name for name in self.narrowed.status or OPEN if name in OPEN)
        return replace(self.narrowed, status=wanted or ("nothing",))

    def since(self, start_at: datetime | None) -> Selection:
        """The same from another start on."""
        return replace(self, start_at=start_at)

    @cached_property
    def before(self) -> Selection | None:
        """The window of equal length before; None where there is no start."""
        if self.start_at is None or self.end_at is None:
            return None
        if self.range == LAST_DAY:
            earlier = self.start_at - (self.end_at - self.start_at)
        else:
            # Calendar days: one of them may have 23 or 25 hours.
            days = (self._last_day - self._first_day).days + 1
            earlier = midnight(self._first_day - timedelta(days=days), self.city)
        return replace(self, start_at=earlier, end_at=self.start_at)

    @property
    def _first_day(self) -> date:
        assert self.start_at is not None  # noqa: S101  (tells the type checker)
        return self.city.localise(self.start_at).date()

    @property
    def _last_day(self) -> date:
        assert self.end_at is not None  # noqa: S101  (tells the type checker)
        return self.city.localise(self.end_at - timedelta(microseconds=1)).date()

    @property
    def days(self) -> tuple[date | None, date | None]:
        """First and last calendar day."""
        return (
            self._first_day if self.start_at else None,
            self._last_day if self.end_at else None,
        )

    @property
    def is_by_hour(self) -> bool:
        """Whether it cuts through days, so that its time axis has hours."""
        return self.range == LAST_DAY

    @property
    def elapsed_share(self) -> float:
        """How much of the window is over, 0 to 1: the last day may have just begun."""
        if self.start_at is None or self.end_at is None or self.end_at <= self.as_of:
            return 1.0
        passed = (self.as_of - self.start_at) / (self.end_at - self.start_at)
        return max(passed, 0.0) or 1.0

    @property
    def is_default(self) -> bool:
        """Whether nothing was chosen."""
        return self.range == DEFAULT_RANGE and not self.chosen

    def query(self, **changes: str | None) -> str:
        """The URL's query of this choice with some values changed, None for none."""
        given = {**self._dates(), **{name: ",".join(codes) for name, codes in self.chosen.items()}}
        if "range" in changes:
            given = {name: text for name, text in given.items() if name not in {"from", "to"}}
        if "from" in changes or "to" in changes:
            given.pop("range", None)
        given |= {name: text for name, text in changes.items() if text}
        left = {name: text for name, text in given.items() if changes.get(name, "") is not None}
        return urlencode(left, safe=",:")

    def _dates(self) -> dict[str, str]:
        if self.range:
            return {} if self.range == DEFAULT_RANGE else {"range": self.range}
        first, last = self.days
        found = {"from": first, "to": last}
        return {name: day.isoformat() for name, day in found.items() if day}

    def api_query(self, *, basis: str = "created", **more: str) -> str:
        """The same choice as the API's parameters: the files equal the picture."""
        given = {name: ",".join(codes) for name, codes in self.chosen.items()}
        if self.start_at:
            given[f"{basis}_after"] = self.start_at.isoformat()
        if self.end_at:
            given[f"{basis}_before"] = self.end_at.isoformat()
        return urlencode({**given, **more}, safe=",:")


def read_selection(given: QueryDict, city: City, as_of: datetime) -> Selection:
    """What the URL says; what cannot be read is left out, and named in `problems`."""
    problems: list[str] = []
    chosen = {name: codes for name in PROPERTIES if (codes := _codes(given, name))}
    name, start_at, end_at = _window(given, city, as_of, problems)
    narrowed = _narrowed(city, chosen, problems)
    return Selection(city, as_of, name, start_at, end_at, chosen, narrowed, tuple(problems))


def _narrowed(
    city: City, chosen: dict[str, tuple[str, ...]], problems: list[str]
) -> ComplaintFilter:
    """The filter; conditions that cannot be read are taken out of `chosen`, and named."""
    try:
        return parse_filter(city.slug, {name: ",".join(codes) for name, codes in chosen.items()})
    except ValidationError as error:
        refused: Any = error.detail
        for bad in refused:
            problems.append(
                _("%(name)s: got %(got)r, which cannot be chosen here")
                % {"name": bad, "got": shorten(",".join(chosen.pop(bad)))}
            )
    return _narrowed(city, chosen, problems)


def _codes(given: QueryDict, name: str) -> tuple[str, ...]:
    parts = (part.strip() for text in given.getlist(name) for part in text.split(","))
    return tuple(dict.fromkeys(part for part in parts if part))


def _window(
    given: QueryDict, city: City, as_of: datetime, problems: list[str]
) -> tuple[str, datetime | None, datetime | None]:
    days = {name: _day(given, name, problems) for name in ("from", "to")}
    if any(days.values()):
        first, last = days["from"], days["to"]
        if first and last and first > last:
            first, last = last, first
        end = midnight(last + timedelta(days=1), city) if last else _day_after(as_of, city)
        return "", midnight(first, city) if first else None, end
    name = given.get("range", DEFAULT_RANGE) or DEFAULT_RANGE
    if name not in RANGES:
        expected = ", ".join(RANGES)
        problems.append(
            _("range: got %(got)r, expected one of %(expected)s")
            % {"got": shorten(name), "expected": expected}
        )
        name = DEFAULT_RANGE
    length = RANGES[name]
    if length is None:
        return name, None, None
    if name == LAST_DAY:
        # The moment itself is part of the data; the one 24 hours ago is of the day before.
        end = as_of + timedelta(microseconds=1)
        return name, end - timedelta(hours=24), end
    end = _day_after(as_of, city)
    first = city.localise(end).date() - timedelta(days=length)
    return name, midnight(first, city), end


def _day(given: QueryDict, name: str, problems: list[str]) -> date | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        found = date.fromisoformat(text)
        if not 1900 <= found.year <= 2200:
            raise ValueError
    except ValueError:
        problems.append(
            _("%(name)s: got %(got)r, expected a day such as 2026-07-16")
            % {"name": name, "got": shorten(text)}
        )
        return None
    return found


def midnight(day: date, city: City) -> datetime:
    """When a day of the city's calendar begins."""
    return datetime.combine(day, time.min, tzinfo=city.zone)


def _day_after(as_of: datetime, city: City) -> datetime:
    """The midnight at which the data's last day ends."""
    # Data up to midnight exactly ends with the day before, it does not begin a new one.
    last = city.localise(as_of - timedelta(microseconds=1)).date()
    return midnight(last + timedelta(days=1), city)


def each_day(first: date, last: date) -> Iterator[date]:
    """Calendar days, both ends included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)
