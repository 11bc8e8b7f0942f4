"""Two areas beside each other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from rest_framework.exceptions import ValidationError

from complaints.filter_parameters import Lookup
from complaints.models import City
from complaints.places import parse_cell
from complaints.rollups.histogram import LARGEST_ERROR
from complaints.statistics.answers import answer
from complaints.statistics.answers import body as answer_body
from complaints.statistics.question import Question
from smart311.problems import shorten

WHOLE_CITY = "city"
EXPECTED = (
    "two different areas with a comma between, each district:CODE, cell:H3 or city, such as "
    "district:queens,city"
)

_AREAS: dict[str, Callable[[str], dict[str, Any]]] = {
    "district": lambda code: {"district": Lookup().districts(code)},
    "cell": lambda text: {"cell": parse_cell(text)},
}


def read_areas(question: Question, text: str | None) -> tuple[tuple[str, Question], ...]:
    """The question of each of two areas. Raises ValidationError."""
    if text is None:
        raise ValidationError({"areas": [f"is missing, expected {EXPECTED}"]})
    names = tuple(name.strip() for name in text.split(","))
    if len(set(names)) != 2 or len(names) != 2:
        raise _refused(text, EXPECTED)
    if question.chosen.district is not None or question.chosen.cell is not None:
        raise _refused(text, "no `district` and no `cell` beside `areas`")
    return tuple((name, question.about(**_condition(name, text))) for name in names)


def compare(areas: tuple[tuple[str, Question], ...], city: City, now: datetime) -> dict[str, Any]:
    """The answer for each area, and how the first differs from the second."""
    told = [
        {"area": name, **answer_body(question, city, answer(question, city, now))}
        for name, question in areas
    ]
    return {"areas": told, "difference": _difference(*(one["total"] for one in told))}


def _condition(name: str, text: str) -> dict[str, Any]:
    kind, _, value = name.partition(":")
    if name == WHOLE_CITY:
        return {}
    if kind not in _AREAS or not value:
        raise _refused(text, EXPECTED)
    try:
        return _AREAS[kind](value)
    except ValueError as error:
        raise _refused(text, f"{EXPECTED}; {error}") from error


def _difference(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """Of the first to the second; a ratio that error alone can explain is told to be none."""
    ratios = {
        f"{name}_ratio": _ratio(first.get("hours_to_close"), second.get("hours_to_close"), name)
        for name in ("mean", "median", "p90")
    }
    least = (1 - LARGEST_ERROR) / (1 + LARGEST_ERROR)
    median = ratios["median_ratio"]
    return {
        "complaints_ratio": _quotient(first["complaints"], second["complaints"]),
        **ratios,
        "is_median_beyond_error": median is not None and not least <= median <= 1 / least,
    }


def _ratio(first: dict[str, Any] | None, second: dict[str, Any] | None, name: str) -> float | None:
    return _quotient(first[name], second[name]) if first and second else None


def _quotient(first: float, second: float) -> float | None:
    return round(first / second, 4) if second else None


def _refused(text: str, expected: str) -> ValidationError:
    return ValidationError({"areas": [f"got {shorten(text)!r}, expected {expected}"]})
