"""Figures as the page prints them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.phrases import NO_BREAK_SPACE, hours_in_words, percent_in_words
from dashboard.overview import AgencyFigures, Overview, Totals
from predictions.promises import TARGET, Accuracy

SPARK_WIDTH, SPARK_HEIGHT = 100, 24
LEAST_CHANGE = 0.005
"""What would be printed as 0 %."""
MOST_AGENCIES = 15

RANGE_NAMES = {
    "24h": gettext_lazy("24 hours"),
    "7d": gettext_lazy("7 days"),
    "30d": gettext_lazy("30 days"),
    "90d": gettext_lazy("90 days"),
    "1y": gettext_lazy("1 year"),
    "all": gettext_lazy("All"),
}


@dataclass(frozen=True)
class Card:
    """One key figure, ready to print: `value` carries its unit and is empty if there is none.

    `spark` are the points of an SVG polyline of SPARK_WIDTH × SPARK_HEIGHT; `query` leads to the
    complaints behind the number.
    """

    key: str
    title: str
    value: str
    note: str
    change: str = ""
    direction: str = ""
    spark: str = ""
    query: str = ""


BEHIND = {
    "filed": "filed",
    "closed": "closed",
    "open": "open",
    "median": "closed",
    "p90": "closed",
    "kept": "missed",
    "late": "late",
}
"""Which complaints stand behind a figure, as `dashboard.rows` calls them."""


def in_words(number: int) -> str:
    """A count with separators, as all numbers of the pages in the way of the United States."""
    return f"{number:,}"


def key_figures(found: Overview) -> list[Card]:
    """The cards of a selection."""
    return [
        replace(card, query=found.selection.query(rows=BEHIND[card.key]))
        if card.key in BEHIND
        else card
        for card in _cards(found)
    ]


def _cards(found: Overview) -> list[Card]:
    now, before = found.now, found.before or Totals(0, 0, None, None, None)
    spark = {name: [getattr(bucket, name) for bucket in found.buckets] for name in _SERIES}
    kept, kept_before = _kept(now.promises), _kept(before.promises)
    return [
        Card(
            *("filed", _("Opened"), in_words(now.filed), _("complaints filed")),
            *_change(now.filed, before.filed),
            sparkline(spark["filed"]),
        ),
        Card(
            *("closed", _("Closed"), in_words(now.closed), _("whenever they were filed")),
            *_change(now.closed, before.closed),
            sparkline(spark["closed"]),
        ),
        Card(
            *("open", _("Open now"), in_words(found.open), _("filed and not yet closed")),
            *_change(found.open, found.buckets[0].open if found.buckets else 0),
            sparkline(spark["open"]),
        ),
        Card(
            *("median", _("Half closed within"), _hours(now.median_hours), _("median")),
            *_change(now.median_hours, before.median_hours),
            sparkline(spark["median_hours"]),
        ),
        Card(
            *("p90", _("Nine in ten within"), _hours(now.p90_hours), _("90th percentile")),
            *_change(now.p90_hours, before.p90_hours),
            sparkline(spark["p90_hours"]),
        ),
        Card(
            *("kept", _("Promises kept"), "" if kept is None else percent_in_words(kept)),
            _promised(now.promises),
            *_points(kept, kept_before),
            sparkline(found.weekly_kept),
        ),
        Card(
            *("late", _("Running late"), in_words(found.late)),
            _("past their forecast, of %(count)s open ones that have one")
            % {"count": in_words(found.promised_open)},
        ),
    ]


_SERIES = ("filed", "closed", "open", "median_hours", "p90_hours")


def _hours(hours: float | None) -> str:
    return "" if hours is None else hours_in_words(hours)


def _kept(found: Accuracy | None) -> float | None:
    return found.kept if found else None


def _promised(found: Accuracy | None) -> str:
    if found is None:
        return _("no forecast range has ended yet")
    return _("of %(count)s ranges; %(target)s are meant") % {
        "count": in_words(found.due),
        "target": percent_in_words(TARGET),
    }


def _change(now: float | None, before: float | None) -> tuple[str, str]:
    """How much more or less than before, and which of `up`, `down` and `same`."""
    if now is None or not before:
        return "", ""
    share = now / before - 1
    if abs(share) < LEAST_CHANGE:
        return f"±{NO_BREAK_SPACE}0{NO_BREAK_SPACE}%", "same"
    sign = "+" if share > 0 else "−"
    if share >= 9.995:
        return f"×{NO_BREAK_SPACE}{in_words(round(now / before))}", "up"
    percent = f"{sign}{round(abs(share) * 100)}{NO_BREAK_SPACE}%"
    return percent, "up" if share > 0 else "down"


def _points(now: float | None, before: float | None) -> tuple[str, str]:
    """The change of a share, in percentage points."""
    if now is None or before is None:
        return "", ""
    points = round((now - before) * 100)
    if not points:
        return _("±0 points"), "same"
    sign, direction = ("+", "up") if points > 0 else ("−", "down")
    return _("%(sign)s%(count)s points") % {"sign": sign, "count": abs(points)}, direction


def sparkline(values: Sequence[float | None]) -> str:
    """Points of a polyline from the left to the right edge, from 0 at the bottom; empty if flat."""
    known = [(number, value) for number, value in enumerate(values) if value is not None]
    most = max((value for _number, value in known), default=0)
    if len(known) < 2 or not most:
        return ""
    step = SPARK_WIDTH / (len(values) - 1)
    return " ".join(
        f"{number * step:.1f},{SPARK_HEIGHT - 1 - (SPARK_HEIGHT - 2) * value / most:.1f}"
        for number, value in known
    )


@dataclass(frozen=True)
class TypeRow:
    """A line of the table of types; `bar` is percent of the longest bar."""

    code: str
    name: str
    filed: str
    share: str
    median: str
    bar: str
    query: str


def type_rows(found: Overview) -> list[TypeRow]:
    """The most often filed types, each with the query that chooses it."""
    most = found.types[0].filed if found.types else 1
    return [
        TypeRow(
            code=line.kind.code,
            name=line.kind.name,
            filed=in_words(line.filed),
            share=percent_in_words(line.share),
            median="–" if line.median_hours is None else hours_in_words(line.median_hours),
            bar=f"{100 * line.filed / most:.1f}",
            query=found.selection.query(complaint_type=line.kind.code),
        )
        for line in found.types
    ]


@dataclass(frozen=True)
class AgencyRow:
    """A line of the scorecard."""

    code: str
    name: str
    filed: str
    closed: str
    open: str
    median: str
    p90: str
    kept: str
    query: str


def agency_rows(found: Overview) -> list[AgencyRow]:
    """The agencies with the most complaints."""
    return [_agency_row(line, found) for line in found.agencies[:MOST_AGENCIES]]


def _agency_row(line: AgencyFigures, found: Overview) -> AgencyRow:
    median, p90 = (line.hours.quantile_hours(level) for level in (0.5, 0.9))
    return AgencyRow(
        code=line.code or "–",
        name=line.name or _("Not known"),
        filed=in_words(line.filed),
        closed=in_words(line.closed),
        open=in_words(line.open),
        median=_hours(median) or "–",
        p90=_hours(p90) or "–",
        kept=percent_in_words(line.promises.kept) if line.promises else "–",
        query=found.selection.query(agency=line.code) if line.code else "",
    )
