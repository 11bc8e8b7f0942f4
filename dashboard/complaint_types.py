"""The complaint types of a city with how often each was filed lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from complaints.cities import known_city
from complaints.filters import ComplaintFilter
from complaints.models import City
from complaints.statistics.planning import plan
from complaints.statistics.queries import ask
from complaints.statistics.question import Question
from dashboard.selection import midnight

LATELY_DAYS = 28


@dataclass(frozen=True)
class FiledType:
    """A complaint type; `filed` counts its complaints in the last weeks."""

    pk: int
    code: str
    name: str
    group: str
    is_active: bool
    filed: int


def read_types(city: City, now: datetime) -> list[FiledType]:
    """The city's types, the most often filed in the four weeks up to `now` first; one query."""
    first = city.localise(now).date() - timedelta(days=LATELY_DAYS)
    lately = ComplaintFilter(city.slug, created_after=midnight(first, city))
    question = Question(lately, ("complaint_type",), ("counts",))
    _, rows = ask(question, plan(question, city), now)
    filed = {row.key[0]: row.complaints for row in rows}
    types = [
        FiledType(kind.pk, kind.code, kind.name, kind.group, kind.is_active, filed.get(kind.pk, 0))
        for kind in known_city(city.slug).ever_filed.types
    ]
    return sorted(types, key=lambda kind: (-kind.filed, kind.name))
