"""The filter as a visitor sees it: quick ranges, choices, and what is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.cities import districts_by_key, known_city
from complaints.models import City, District
from dashboard.cards import RANGE_NAMES
from dashboard.rows import STATUSES
from dashboard.selection import Selection

CHANNELS = {
    "phone": gettext_lazy("Phone"),
    "online": gettext_lazy("Online"),
    "mobile": gettext_lazy("Mobile"),
    "other": gettext_lazy("Other"),
    "unknown": gettext_lazy("Unknown"),
}
SEARCHED_FROM = 12
"""So many choices need a search."""


@dataclass(frozen=True)
class Quick:
    """A quick range."""

    name: str
    query: str
    is_chosen: bool


@dataclass(frozen=True)
class Choice:
    """One value that can be ticked."""

    code: str
    name: str
    is_chosen: bool
    is_inner: bool = False


@dataclass(frozen=True)
class Picker:
    """A property with its values."""

    name: str
    title: str
    summary: str
    choices: list[Choice]
    has_search: bool


@dataclass(frozen=True)
class Chip:
    """Something chosen, with the query that takes it back."""

    name: str
    query: str


@dataclass(frozen=True)
class FilterBar:
    """Everything in the bar."""

    quick: list[Quick]
    pickers: list[Picker]
    chips: list[Chip]
    first: str
    last: str
    words: str
    is_default: bool


def filter_bar(selection: Selection, agencies: Mapping[str, str], channels: list[str]) -> FilterBar:
    """The bar of a selection."""
    names = {
        "complaint_type": _type_names(selection.city),
        "agency": {code: f"{code}: {name}" for code, name in agencies.items()},
        "district": _district_names(selection.city),
        "channel": {code: str(CHANNELS.get(code, code.capitalize())) for code in channels},
        "status": {code: str(name) for code, name in STATUSES.items()},
    }
    first, last = selection.days
    is_custom = not selection.range
    return FilterBar(
        quick=[
            Quick(str(name), selection.query(range=key), key == selection.range)
            for key, name in RANGE_NAMES.items()
        ],
        pickers=[_picker(name, names[name], selection) for name in names],
        chips=_chips(selection, names),
        first=first.isoformat() if is_custom and first else "",
        last=last.isoformat() if is_custom and last else "",
        words=_window_in_words(selection, first, last),
        is_default=selection.is_default,
    )


TITLES = {
    "complaint_type": gettext_lazy("Type"),
    "agency": gettext_lazy("Agency"),
    "district": gettext_lazy("Area"),
    "channel": gettext_lazy("Channel"),
    "status": gettext_lazy("Status"),
    "cell": gettext_lazy("Hexagon"),
}


def _picker(name: str, names: Mapping[str, str], selection: Selection) -> Picker:
    chosen = selection.chosen.get(name, ())
    known = {**names, **{code: code for code in chosen if code not in names}}
    return Picker(
        name=name,
        title=str(TITLES[name]),
        summary=_summary(chosen, known),
        choices=[
            Choice(code, text, code in chosen, is_inner=text.startswith(INNER))
            for code, text in known.items()
        ],
        has_search=len(known) > SEARCHED_FROM,
    )


INNER = "\N{EM SPACE}"


def _summary(chosen: tuple[str, ...], names: Mapping[str, str]) -> str:
    if not chosen:
        return _("All")
    if len(chosen) == 1:
        return names.get(chosen[0], chosen[0]).strip()
    return _("%(count)s chosen") % {"count": len(chosen)}


def _chips(selection: Selection, names: Mapping[str, Mapping[str, str]]) -> list[Chip]:
    return [
        Chip(
            f"{TITLES[name]}: {names.get(name, {}).get(code, code).strip()}",
            selection.query(**{name: ",".join(one for one in codes if one != code) or None}),
        )
        for name, codes in selection.chosen.items()
        for code in codes
    ]


def _window_in_words(selection: Selection, first: date | None, last: date | None) -> str:
    form = _("j M Y")
    if selection.is_by_hour:
        return _("the last 24 hours")
    if first and last:
        if first == last:
            return date_format(first, form)
        return f"{date_format(first, form)} – {date_format(last, form)}"
    if last and not selection.range:
        return _("until %(day)s") % {"day": date_format(last, form)}
    return _("all time")


def _type_names(city: City) -> dict[str, str]:
    kinds = known_city(city.slug).ever_filed.types
    return {kind.code: kind.name for kind in sorted(kinds, key=lambda kind: kind.name.casefold())}


def _district_names(city: City) -> dict[str, str]:
    """Boroughs, each followed by what lies in it."""
    found = list(districts_by_key(city, ()).values())
    roots = [one for one in found if one.parent_id is None]
    names: dict[str, str] = {}
    for root in sorted(roots, key=_by_kind_and_name):
        names[root.code] = root.name
        inside = (one for one in found if one.parent_id == root.pk)
        names |= {one.code: f"{INNER}{one.name}" for one in sorted(inside, key=_by_kind_and_name)}
    return names


def _by_kind_and_name(one: District) -> tuple[bool, str]:
    return one.kind != District.Kind.BOROUGH, one.name


def area_choices(city: City) -> list[Choice]:
    """The areas that can be compared."""
    return [Choice(code, name, False) for code, name in _district_names(city).items()]
