"""Two areas beside each other, or one and the whole city."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from complaints.cities import districts_by_key
from complaints.models import City, District
from complaints.phrases import hours_in_words, percent_in_words
from complaints.rollups.histogram import LARGEST_ERROR, hours_of
from complaints.statistics.question import Question
from complaints.statistics.together import Distribution, Distributions, Figures, ask_together
from dashboard.cards import in_words
from dashboard.charts import SCALE_HOURS, Chart, ticks
from dashboard.overview import by_closing, types_by_key
from dashboard.selection import Selection

WHOLE_CITY = "city"
TOP_TYPES = 5


@dataclass(frozen=True)
class Area:
    """One side: its figures, ready to print."""

    name: str
    filed: str
    closed: str
    open: str
    median: str
    p90: str
    types: list[tuple[str, str]]


@dataclass(frozen=True)
class Comparison:
    """Two areas, a sentence, and how the times to close of both are spread."""

    left: Area
    right: Area
    sentence: str
    chart: Chart


def read_comparison(given: QueryDict, selection: Selection, now: datetime) -> Comparison:
    """The areas `a` and `b`: each the code of a district, or `city`. Raises TooMany."""
    codes = [given.get(name, WHOLE_CITY) or WHOLE_CITY for name in ("a", "b")]
    sides = [_of_area(selection, code) for code in codes]
    asked: list[Any] = [question for side in sides for question in _questions(side)]
    answers = ask_together(asked, selection.city, now)
    size = len(answers) // 2
    found = [answers[:size], answers[size:]]
    hours = [sum(one[1].values(), Distribution({})) for one in found]
    names = [area_name(selection.city, code) for code in codes]
    left, right = (
        _area(name, one, spread, selection.city)
        for name, one, spread in zip(names, found, hours, strict=True)
    )
    return Comparison(left, right, _sentence(names, hours), _chart(names, hours))


def area_name(city: City, code: str) -> str:
    """An area as the page calls it."""
    found = _district(city, code)
    return found.name if found else city.name


def _district(city: City, code: str) -> District | None:
    return next((one for one in districts_by_key(city, ()).values() if one.code == code), None)


def _of_area(selection: Selection, code: str) -> Selection:
    """The selection in one area; instead of the areas that were chosen."""
    district = _district(selection.city, code)
    keys = None
    if district:
        inside = districts_by_key(selection.city, ()).values()
        keys = tuple(one.pk for one in inside if district.pk in (one.pk, one.parent_id))
    return replace(selection, narrowed=replace(selection.narrowed, district=keys))


def _questions(side: Selection) -> list[Any]:
    return [
        Figures(Question(side.filed, ("complaint_type",), ("counts",))),
        Distributions(Question(by_closing(side), ("agency",), ("hours",))),
        Figures(Question(side.waiting, (), ("counts",))),
        Figures(Question(by_closing(side), (), ("counts",))),
    ]


def _area(name: str, found: list[Any], hours: Distribution, city: City) -> Area:
    (filed, by_type), _hours, (waiting, _none), (closed, _nothing) = found
    kinds = types_by_key(city, {row.key[0] for row in by_type})
    median, p90 = (hours.quantile_hours(level) for level in (0.5, 0.9))
    return Area(
        name=name,
        filed=in_words(filed.complaints),
        closed=in_words(closed.complaints),
        open=in_words(waiting.complaints),
        median="–" if median is None else hours_in_words(median),
        p90="–" if p90 is None else hours_in_words(p90),
        types=[
            (kinds[row.key[0]].name, percent_in_words(row.complaints / filed.complaints))
            for row in by_type[:TOP_TYPES]
        ],
    )


def _sentence(names: list[str], hours: list[Distribution]) -> str:
    """How the medians differ, unless the histogram's error alone can explain it."""
    left, right = (one.quantile_hours(0.5) for one in hours)
    if left is None or right is None:
        return _(
            "One of the two has closed nothing in this time, so their hours cannot be compared."
        )
    least = (1 - LARGEST_ERROR) / (1 + LARGEST_ERROR)
    names_by_place = {"left": names[0], "right": names[1]}
    if least <= left / right <= 1 / least:
        return (
            _(
                "Half of the complaints of %(left)s and of %(right)s are closed within about the "
                "same time."
            )
            % names_by_place
        )
    values = {**names_by_place, "percent": percent_in_words(abs(left / right - 1))}
    if left < right:
        return (
            _("%(left)s closes half of its complaints in %(percent)s less time than %(right)s.")
            % values
        )
    return (
        _("%(left)s takes %(percent)s longer than %(right)s to close half of its complaints.")
        % values
    )


def _chart(names: list[str], hours: list[Distribution]) -> Chart:
    """Share closed within so many hours, of what was closed."""
    lines = [_shares(one) for one in hours]
    marks = ticks()
    return Chart(
        key="comparison",
        title=_("Closed within"),
        note=_("Share of what was closed in this time; the scale is logarithmic"),
        data={
            "kind": "shares",
            "description": _(
                "Line chart of the share closed within so many hours, for both areas; the table "
                "below holds its numbers."
            ),
            "ticks": marks,
            "scale": SCALE_HOURS,
            "series": [
                {"name": name, "data": line} for name, line in zip(names, lines, strict=True)
            ],
        },
        head=(_("Closed within"), *names),
        rows=[
            (mark["label"], *(percent_in_words(_share(one, mark["hours"])) for one in hours))
            for mark in marks
        ]
        if any(lines)
        else [],
    )


def _shares(hours: Distribution) -> list[list[float]]:
    total, passed = hours.count, 0
    points = []
    for number in sorted(hours.bins):
        passed += hours.bins[number]
        points.append([round(hours_of(number), 4), round(passed / total, 4)])
    return points


def _share(hours: Distribution, within: float) -> float:
    passed = sum(count for number, count in hours.bins.items() if hours_of(number) <= within)
    return passed / hours.count if hours.bins else 0.0
