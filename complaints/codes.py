"""The codes of cities, types, agencies and districts by primary key.

Rows of lists name four of them each; joining four small tables takes PostgreSQL three times as
long to plan as the list takes to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Value

from complaints.models import Agency, City, ComplaintType, District
from smart311.memory import Memory

_CODES = ((City, "slug"), (ComplaintType, "code"), (Agency, "code"), (District, "code"))


@dataclass(frozen=True)
class Codes:
    """Codes by primary key; of agencies and districts, which may be missing, None has None."""

    cities: Mapping[int, str]
    types: Mapping[int, str]
    agencies: Mapping[int | None, str | None]
    districts: Mapping[int | None, str | None]


def read_codes(_: object = None) -> Codes:
    """All of them; one query."""
    first, *others = (
        model._default_manager.order_by().values_list(Value(place), "pk", name)
        for place, (model, name) in enumerate(_CODES)
    )
    found: list[dict[int | None, str | None]] = [{}, {}, {None: None}, {None: None}]
    for place, key, code in first.union(*others, all=True):
        found[place][key] = code
    return Codes(*found)  # type: ignore[arg-type]


codes: Memory[Codes] = Memory(read_codes)
