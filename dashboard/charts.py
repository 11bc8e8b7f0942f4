"""Charts as data for `static/dashboard/charts.js`, each with the table behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.phrases import hours_in_words
from complaints.rollups.histogram import hours_of
from complaints.statistics.together import Distribution
from dashboard.cards import in_words
from dashboard.overview import Overview
from dashboard.time_axis import Bucket

TICK_HOURS = (0.25, 1, 4, 24, 72, 168, 720)
"""Where the logarithmic scale of hours is labelled."""
SCALE_HOURS = (0.125, 2048.0)
BAR_RATIO = math.sqrt(2)
BOX_LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
MOST_BOXES = 12
FEWEST_FOR_A_BOX = 20
WEEKDAYS = (
    gettext_lazy("Mon"),
    gettext_lazy("Tue"),
    gettext_lazy("Wed"),
    gettext_lazy("Thu"),
    gettext_lazy("Fri"),
    gettext_lazy("Sat"),
    gettext_lazy("Sun"),
)


@dataclass(frozen=True)
class Chart:
    """A chart ready to draw: `data` for the browser, `head` and `rows` for the table.

    Without rows there is nothing to draw and the page says so.
    """

    key: str
    title: str
    note: str
    data: dict[str, Any] = field(default_factory=dict)
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()

    @property
    def data_id(self) -> str:
        """Of the element that holds the data."""
        return f"{self.key}-data"


def ticks() -> list[dict[str, Any]]:
    """The labelled hours of a logarithmic scale."""
    return [{"hours": hours, "label": hours_in_words(hours)} for hours in TICK_HOURS]


def flow_chart(found: Overview) -> Chart:
    """Opened and closed over time, and how many were open."""
    buckets, selection = found.buckets, found.selection
    step = _step(buckets)
    titles = {
        "hour": _("Each hour"),
        "day": _("Each day"),
        "week": _("Each week, by its Monday"),
    }
    note = titles[step]
    if selection.elapsed_share < 1:
        note = _("%(step)s; the last one is not over yet") % {"step": note}
    series = [
        {"name": _("Opened"), "style": "filed", "data": [one.filed for one in buckets]},
        {"name": _("Closed"), "style": "closed", "data": [one.closed for one in buckets]},
        {"name": _("Still open"), "style": "open", "data": [one.open for one in buckets]},
    ]
    return Chart(
        key="flow",
        title=_("Opened, closed and still open"),
        note=note,
        data={
            "kind": "flow",
            "description": _(
                "Line chart of complaints opened and closed over time, and of how many were open "
                "at the end of each step; the table below holds its numbers."
            ),
            "labels": [_moment(one.start) for one in buckets],
            "short": [_short(one.start) for one in buckets],
            "series": series,
            "queries": _day_queries(found, step),
        },
        head=(_("Time"), _("Opened"), _("Closed"), _("Open at its end")),
        rows=[
            (_moment(one.start), *(in_words(n) for n in (one.filed, one.closed, one.open)))
            for one in reversed(buckets)
        ],
    )


def _step(buckets: list[Bucket]) -> str:
    if len(buckets) > 1 and isinstance(buckets[0].start, datetime):
        return "hour"
    days = [one.start for one in buckets]
    return "week" if len(days) > 1 and days[1] - days[0] == timedelta(days=7) else "day"


def _day_queries(found: Overview, step: str) -> list[str]:
    """The choice of each day or week alone, for a click on it."""
    if step == "hour":
        return []
    length = timedelta(days=6 if step == "week" else 0)
    return [
        found.selection.query(
            **{"from": one.start.isoformat(), "to": (one.start + length).isoformat()}
        )
        for one in found.buckets
    ]


def _moment(start: date | datetime) -> str:
    if isinstance(start, datetime):
        return f"{_moment(start.date())}, {start:%H:%M}"
    return date_format(start, _("D j M Y"))


def _short(start: date | datetime) -> str:
    if isinstance(start, datetime):
        return f"{start:%H:%M}"
    return date_format(start, _("j M"))


def histogram_chart(found: Overview) -> Chart:
    """Hours to close on a logarithmic scale."""
    hours = found.hours
    bars = _bars(hours)
    marks = [
        {"name": name, "hours": value, "label": hours_in_words(value)}
        for name, level in ((_("Half"), 0.5), (_("Nine in ten"), 0.9))
        if (value := hours.quantile_hours(level)) is not None
    ]
    return Chart(
        key="histogram",
        title=_("Hours from filing to closing"),
        note=_("Of what was closed in this time; the scale is logarithmic"),
        data={
            "kind": "histogram",
            "description": _(
                "Histogram of hours to close on a logarithmic scale, with the median and the 90th "
                "percentile; the table below holds its numbers."
            ),
            "bars": [[low, high, count] for low, high, count in bars],
            "name": _("Closed"),
            "marks": marks,
            "ticks": ticks(),
            "words": [f"{hours_in_words(low)} – {hours_in_words(high)}" for low, high, _n in bars],
        },
        head=(_("Time to close"), _("Complaints")),
        rows=[
            (f"{hours_in_words(low)} – {hours_in_words(high)}", in_words(count))
            for low, high, count in bars
        ],
    )


def _bars(hours: Distribution) -> list[tuple[float, float, int]]:
    """Bars of equal width on the scale; what lies outside counts at the ends."""
    low, high = SCALE_HOURS
    count = round(math.log(high / low, BAR_RATIO))
    sums = [0] * count
    for number, complaints in hours.bins.items():
        position = math.floor(math.log(hours_of(number) / low, BAR_RATIO))
        sums[min(max(position, 0), count - 1)] += complaints
    bars = [(low * BAR_RATIO**k, low * BAR_RATIO ** (k + 1), sums[k]) for k in range(count)]
    return bars if any(sums) else []


def boxes_chart(found: Overview) -> Chart:
    """Hours to close by agency: eight in ten, the middle half and the median."""
    lines = [line for line in found.agencies if line.hours.count >= FEWEST_FOR_A_BOX][:MOST_BOXES]
    boxes = [[line.hours.quantile_hours(level) for level in BOX_LEVELS] for line in lines]
    return Chart(
        key="boxes",
        title=_("Hours to close, by agency"),
        note=_("Line: eight in ten. Box: the middle half. Stroke: the median"),
        data={
            "kind": "boxes",
            "description": _(
                "Box plot of hours to close by agency on a logarithmic scale; the table below "
                "holds its numbers."
            ),
            "names": [line.code or "–" for line in lines],
            "titles": [line.name or _("Not known") for line in lines],
            "boxes": boxes,
            "words": [[hours_in_words(hours) for hours in box if hours] for box in boxes],
            "levels": [
                _("One in ten within"),
                _("A quarter within"),
                _("Half within"),
                _("Three quarters within"),
                _("Nine in ten within"),
            ],
            "ticks": ticks(),
            "queries": [found.selection.query(agency=line.code) for line in lines],
        },
        head=(_("Agency"), "10 %", "25 %", "50 %", "75 %", "90 %"),
        rows=[
            (line.code or "–", *(hours_in_words(hours) for hours in box if hours is not None))
            for line, box in zip(lines, boxes, strict=True)
        ],
    )


def heat_chart(counts: dict[tuple[int, int], int]) -> Chart:
    """Complaints filed by weekday (1 Monday to 7) and hour of the city's day."""
    days = [str(day) for day in WEEKDAYS]
    cells = [[counts.get((day, hour), 0) for hour in range(24)] for day in range(1, 8)]
    return Chart(
        key="heat",
        title=_("When people file"),
        note=_("Complaints filed by weekday and hour on the city’s clock"),
        data={
            "kind": "heat",
            "description": _(
                "Heat map of complaints filed by weekday and hour; the table below holds its "
                "numbers."
            ),
            "days": days,
            "cells": cells,
            "name": _("Complaints"),
        },
        head=(_("Hour"), *days),
        rows=[
            (f"{hour:02}:00", *(in_words(cells[day][hour]) for day in range(7)))
            for hour in range(24)
        ]
        if counts
        else [],
    )
