"""Searching for words in the syntax of web search engines, in a row's text and its type's name.

The name lies in another table, and a condition over both could use no index. Which types each word
names is asked first; then a complaint is found if the words that its type's name does not have
stand in its own text.
"""

from __future__ import annotations

import functools
import operator
import re
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Q

from complaints.models import City

_ITEM = re.compile(r'-?"[^"]*"?|\S+')
"""A word or a quotation, with a minus where it is refused."""

_NAMED = """
WITH types AS MATERIALIZED (
    SELECT id, to_tsvector('english', replace(name, '/', ' ')) AS name
    FROM complaints_complainttype WHERE city_id = %s
)
SELECT numnode(query) > 0, ARRAY(SELECT id FROM types WHERE name @@ query ORDER BY id)
FROM unnest(%s::text[]) WITH ORDINALITY AS asked (item, place),
    websearch_to_tsquery('english', item) AS query
ORDER BY place
"""


@dataclass(frozen=True)
class Item:
    """A word or quotation; `named` are the keys of the types whose name has it."""

    text: str
    is_refused: bool
    named: frozenset[int]

    def __str__(self) -> str:
        return f"-{self.text}" if self.is_refused else self.text


@dataclass(frozen=True)
class Words:
    """Alternatives, each of items that have to hold together.

    `has_descriptions` says whether the city publishes them.
    """

    alternatives: tuple[tuple[Item, ...], ...]
    has_descriptions: bool = False

    @classmethod
    def read(cls, text: str, city: City) -> Words:
        """Take a search apart and ask which types its words name; one query."""
        # PostgreSQL takes "Music/Party" for the path of a file; the index has two words.
        text = text.replace("/", " ")
        wholes = [(found, *_parted(found)) for found in _ITEM.findall(text)]
        with connection.cursor() as cursor:
            cursor.execute(_NAMED, [city.pk, [part for _, part, _ in wholes]])
            answers = cursor.fetchall()
        alternatives: list[list[Item]] = [[]]
        for (whole, part, is_refused), (means_something, named) in zip(
            wholes, answers, strict=True
        ):
            if whole.casefold() == "or":
                alternatives.append([])
            elif means_something:
                alternatives[-1].append(Item(part, is_refused, frozenset(named)))
        return cls(tuple(map(tuple, filter(None, alternatives))), city.publishes_descriptions)

    def condition(self) -> Q:
        """Complaints that the words describe; the queryset has the alias `public_text`."""
        if not self.alternatives:
            # Words such as "the" alone: an empty query, which finds nothing.
            return self._in_text(())
        return functools.reduce(operator.or_, map(self._together, self.alternatives))

    def _together(self, items: tuple[Item, ...]) -> Q:
        refused = _types(item for item in items if item.is_refused)
        # What is left to be found in the text, for the types whose name has the other words.
        left: dict[tuple[Item, ...], list[int]] = {}
        for key in sorted(_types(item for item in items if not item.is_refused) - refused):
            rest = tuple(item for item in items if item.is_refused or key not in item.named)
            left.setdefault(rest, []).append(key)
        found = self._in_text(items)
        if refused:
            found &= ~Q(complaint_type_id__in=sorted(refused))
        for rest, keys in left.items():
            of_types = Q(complaint_type_id__in=keys)
            found |= of_types & self._in_text(rest) if rest else of_types
        return found

    def _in_text(self, items: tuple[Item, ...]) -> Q:
        text = " ".join(map(str, items))
        found = Q(public_text=SearchQuery(text, config="english", search_type="websearch"))
        if not self.has_descriptions:
            # Texts from before the city made them private stay until they are redacted anew.
            found &= Q(public_description="")
        return found


def _parted(whole: str) -> tuple[str, bool]:
    """The word or quotation itself, and whether it is refused."""
    is_refused = whole.startswith("-")
    return whole.removeprefix("-"), is_refused


def _types(items: Iterable[Item]) -> frozenset[int]:
    return frozenset().union(*(item.named for item in items))
