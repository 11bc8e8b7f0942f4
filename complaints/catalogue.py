"""Finding a complaint type by whatever people call it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.utils.text import slugify

from complaints.models import City, ComplaintType

NEAREST = 3
"""How many suggestions an unknown name gets."""


class UnknownType(ValueError):
    """No complaint type is called that; `nearest` are the codes that look like it."""

    def __init__(self, text: str, nearest: list[str]) -> None:
        self.nearest = nearest
        hint = f"; the nearest are {', '.join(nearest)}" if nearest else ""
        super().__init__(f"got {text[:200]!r}, expected the code or name of a complaint type{hint}")


@dataclass(frozen=True)
class Catalogue:
    """A city's complaint types by code, official name in any case, and alias."""

    types: tuple[ComplaintType, ...]
    _by_key: dict[str, ComplaintType] = field(init=False, default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        # The first to claim a key keeps it: a code wins over a name, a name over an alias, and
        # of two names that differ only in case the exact one was looked for before.
        for keys in (_code, _name, _any_case, _aliases):
            for kind in self.types:
                for key in keys(kind):
                    self._by_key.setdefault(key, kind)

    @classmethod
    def of(cls, city: City) -> Catalogue:
        """Read a city's types from the database."""
        return cls(tuple(city.complaint_types.active().select_related("agency").order_by("id")))

    def find(self, text: str) -> ComplaintType:
        """The type of a code, name or alias. Raises UnknownType."""
        text = text.strip()
        if found := self._by_key.get(text):
            return found
        # One after the other: most ask by code, and the last takes longest.
        for key_of in (str.casefold, _slug):
            if found := self._by_key.get(key_of(text)):
                return found
        raise UnknownType(text, self._nearest(text))

    def _nearest(self, text: str) -> list[str]:
        """Codes of the types whose names begin so, then of those that are spelt alike."""
        text = text.casefold()[:200]
        begin_so = [key for key in self._by_key if text and key.startswith(text)]
        alike = difflib.get_close_matches(text, self._by_key, 20, 0.5)
        codes = (self._by_key[key].code for key in (*begin_so, *alike))
        return list(dict.fromkeys(codes))[:NEAREST]


def _slug(text: str) -> str:
    return slugify(text.replace("_", "-"))


def _code(kind: ComplaintType) -> Iterable[str]:
    return (kind.code,)


def _name(kind: ComplaintType) -> Iterable[str]:
    return (kind.name,)


def _any_case(kind: ComplaintType) -> Iterable[str]:
    return (kind.name.casefold(),)


def _aliases(kind: ComplaintType) -> Iterable[str]:
    return (alias.casefold() for alias in kind.aliases)
