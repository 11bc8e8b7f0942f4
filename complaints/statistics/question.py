"""What is asked of statistics, read from a query string."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError

from complaints.filter_parameters import FILTER_NAMES, PARAMETERS, parse_filter
from complaints.filters import ComplaintFilter
from complaints.models import Complaint
from complaints.models.complaint import CELL_RESOLUTION
from complaints.rollups.grains import CLOSED, FILED
from complaints.statistics.groups import GROUPS
from smart311.problems import shorten

FIGURES = ("counts", "hours", "survival", "on_time")
DEFAULT_FIGURES = ("counts", "hours")
MOST_GROUPINGS = 3
DEFAULT_MINIMUM = 5
"""Fewer closings say little of how long the next will take."""
MOST_MINIMUM = 1000
DEFAULT_CELL_RESOLUTION = 8
"""About 900 m from centre to centre."""

_OPEN = {Complaint.Status.OPEN, Complaint.Status.IN_PROGRESS}


@dataclass(frozen=True)
class Question:
    """Which complaints, in which groups, and what is to be told of each group."""

    chosen: ComplaintFilter
    group_by: tuple[str, ...] = ()
    figures: tuple[str, ...] = DEFAULT_FIGURES
    minimum: int = DEFAULT_MINIMUM
    cell_resolution: int = DEFAULT_CELL_RESOLUTION

    @property
    def basis(self) -> str:
        """Whose time counts: that of the groups, else that of the filter, else filing."""
        bases = {GROUPS[name].basis for name in self.group_by} - {""}
        if bases:
            return bases.pop()
        return CLOSED if self._is_by_closing and not self._is_by_filing else FILED

    @property
    def _is_by_closing(self) -> bool:
        return bool(self.chosen.closed_after or self.chosen.closed_before)

    @property
    def _is_by_filing(self) -> bool:
        return bool(self.chosen.created_after or self.chosen.created_before)

    @property
    def is_only_of_closed(self) -> bool:
        """Whether no open complaint can be among the chosen."""
        statuses = self.chosen.status
        is_closed = statuses is not None and not _OPEN & set(statuses)
        return is_closed or self._is_by_closing or self.basis == CLOSED

    def about(self, **conditions: Any) -> Question:
        """The same question of other complaints."""
        return replace(self, chosen=replace(self.chosen, **conditions))


_OWN = (
    OpenApiParameter(
        "group_by",
        OpenApiTypes.STR,
        description=f"Up to {MOST_GROUPINGS} with commas between: "
        + "; ".join(f"`{group.name}` {group.description}" for group in GROUPS.values()),
    ),
    OpenApiParameter(
        "figures",
        OpenApiTypes.STR,
        default=",".join(DEFAULT_FIGURES),
        description="With commas between. `counts`: filed, open, closed. `hours`: mean, median and "
        "90th percentile of hours from filing to closing, of the closed ones. `survival`: the same "
        "quantiles with the open ones counted for as long as they are known to have waited "
        "(Kaplan–Meier). `on_time`: how many were closed within the forecast's median and 90th "
        "percentile, and by the time that the city promised",
    ),
    OpenApiParameter(
        "minimum",
        {"type": "integer", "minimum": 1, "maximum": MOST_MINIMUM},
        default=DEFAULT_MINIMUM,
        description="Fewest complaints that quantiles or shares are told of; else they are null",
    ),
    OpenApiParameter(
        "cell_resolution",
        {"type": "integer", "minimum": 0, "maximum": CELL_RESOLUTION},
        default=DEFAULT_CELL_RESOLUTION,
        description="H3 resolution of the groups by `cell`",
    ),
)
OWN_NAMES = tuple(parameter.name for parameter in _OWN)
QUESTION_NAMES = (*FILTER_NAMES, *OWN_NAMES)
QUESTION_DOCUMENTATION = [*(parameter.documented() for parameter in PARAMETERS), *_OWN]


def read_question(given: Mapping[str, str]) -> Question:
    """The question that parameters by name ask. Raises ValidationError."""
    question = Question(
        chosen=parse_filter(settings.CITY, given),
        group_by=_names("group_by", given, tuple(GROUPS), MOST_GROUPINGS),
        figures=_names("figures", given, FIGURES) or DEFAULT_FIGURES,
        minimum=_number("minimum", given, 1, MOST_MINIMUM, DEFAULT_MINIMUM),
        cell_resolution=_number(
            "cell_resolution", given, 0, CELL_RESOLUTION, DEFAULT_CELL_RESOLUTION
        ),
    )
    if len({GROUPS[name].basis for name in question.group_by} - {""}) > 1:
        text = given["group_by"]
        raise _refused("group_by", text, "times of filing or times of closing, not both")
    if "survival" in question.figures and question.is_only_of_closed:
        raise _refused(
            "figures", "survival", "a choice that open complaints can be in: it is about them too"
        )
    return question


def _names(
    name: str, given: Mapping[str, str], known: tuple[str, ...], most: int | None = None
) -> tuple[str, ...]:
    """Different values of a comma list; none if the parameter is absent."""
    if (text := given.get(name)) is None:
        return ()
    values = tuple(value.strip() for value in text.split(","))
    if not set(values) <= set(known):
        raise _refused(name, text, f"some of {', '.join(known)}, with commas between")
    if len(set(values)) < len(values) or (most and len(values) > most):
        raise _refused(name, text, f"at most {most or len(known)}, each once")
    return values


def _number(name: str, given: Mapping[str, str], least: int, most: int, default: int) -> int:
    text = given.get(name, str(default))
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    if not (is_number and least <= int(text) <= most):
        raise _refused(name, text, f"{least} to {most}")
    return int(text)


def _refused(name: str, text: str, expected: str) -> ValidationError:
    return ValidationError({name: [f"got {shorten(text)!r}, expected {expected}"]})
