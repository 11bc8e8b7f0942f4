"""Statistics as a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any

from complaints.statistics.answers import PROMISES, Statistics
from complaints.statistics.question import Question

_COUNTS = ("complaints", "open", "closed", "instant_closings")
_NESTED = {
    "hours": ("hours_to_close", ("mean", "median", "p90")),
    "survival": ("survival", ("median", "p90", "still_open")),
}
_OUTCOMES = ("kept", "broken", "undecided", "share")
_STARTS_A_FORMULA = tuple("=+-@\t\r")


def csv_table(question: Question, found: Statistics) -> str:
    """RFC 4180: a header and a line a group; without groups the total."""
    paths = list(_paths(question))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow("_".join(path) for path in paths)
    for row in found.groups if question.group_by else [found.total]:
        writer.writerow(_cell(_at(row, path)) for path in paths)
    return text.getvalue()


def _paths(question: Question) -> Iterator[tuple[str, ...]]:
    """Where each column is found in a group."""
    yield from ((name,) for name in (*question.group_by, *_COUNTS))
    for figure, (name, parts) in _NESTED.items():
        if figure in question.figures:
            yield from ((name, part) for part in parts)
    if "on_time" in question.figures:
        yield from (("on_time", name, part) for name in PROMISES for part in _OUTCOMES)


def _at(row: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = row
    for name in path:
        value = None if value is None else value[name]
    return value


def _cell(value: Any) -> Any:
    """Text that no spreadsheet takes for a formula; nothing for null."""
    if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA):
        return f"'{value}"
    return value
