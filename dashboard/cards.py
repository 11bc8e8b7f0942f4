"""Figures as the page prints them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.humanize.templatetags.humanize import intcomma

from complaints.phrases import hours_in_words, percent_in_words
from dashboard.figures import Figures
from dashboard.window import WINDOW_DAYS

NO_COMPLAINTS = "No complaints yet."


@dataclass(frozen=True)
class Card:
    """One key figure, ready to print: `value` carries its unit and is empty if there is none."""

    title: str
    value: str
    note: str


def key_figures(figures: Figures | None) -> list[Card]:
    """The cards of a city; without complaints each says so."""
    if figures is None:
        return [Card(title, "", NO_COMPLAINTS) for title in _TITLES]
    totals = figures.totals
    return [
        _count(_TITLES[0], totals.open, "filed and not yet closed"),
        _count(_TITLES[1], totals.opened, "complaints in the last 24 h"),
        _count(_TITLES[2], totals.closed, "complaints in the last 24 h"),
        _duration(_TITLES[3], totals.median_hours, "median"),
        _duration(_TITLES[4], totals.p90_hours, "90th percentile"),
    ]


_TITLES = ("Open now", "Opened", "Closed", "Half closed within", "Nine in ten within")


def _count(title: str, count: int, note: str) -> Card:
    return Card(title, intcomma(count), note)


def _duration(title: str, hours: float | None, statistic: str) -> Card:
    window = f"in the last {WINDOW_DAYS} days"
    if hours is None:
        return Card(title, "", f"Nothing was closed {window}.")
    return Card(title, hours_in_words(hours), f"{statistic} of those closed {window}")


@dataclass(frozen=True)
class TypeRow:
    """A line of the table of types; `bar` is percent of the longest bar."""

    code: str
    name: str
    filed: str
    share: str
    median: str
    bar: str


def type_rows(figures: Figures | None) -> list[TypeRow]:
    """The most often filed types."""
    top = figures.top_types if figures else []
    return [
        TypeRow(
            code=kind.code,
            name=kind.name,
            filed=intcomma(kind.filed),
            share=percent_in_words(kind.share),
            median="–" if kind.median_hours is None else hours_in_words(kind.median_hours),
            bar=f"{100 * kind.filed / top[0].filed:.1f}",
        )
        for kind in top
    ]


def flow_series(figures: Figures) -> dict[str, list[Any]]:
    """The line chart as columns, as `static/dashboard/flow.js` reads them."""
    return {
        "days": [day.day.isoformat() for day in figures.days],
        "created": [day.created for day in figures.days],
        "closed": [day.closed for day in figures.days],
    }
