"""Which city a request speaks of, and what is kept in memory of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings

from complaints.catalogue import Catalogue, UnknownType
from complaints.models import City, ComplaintType
from smart311.memory import Memory
from smart311.problems import NotReady


@dataclass(frozen=True)
class KnownCity:
    """A city and its types; `ever_filed` has those that can be filed no longer as well."""

    city: City
    catalogue: Catalogue
    ever_filed: Catalogue


def read_cities(_: object = None) -> Mapping[str, KnownCity]:
    """Every city by slug; two queries."""
    types: dict[int, list[ComplaintType]] = {}
    for kind in ComplaintType.objects.select_related("agency").order_by("id"):
        types.setdefault(kind.city_id, []).append(kind)
    return {city.slug: _known(city, types.get(city.pk, [])) for city in City.objects.all()}


def _known(city: City, types: list[ComplaintType]) -> KnownCity:
    active = tuple(kind for kind in types if kind.is_active)
    return KnownCity(city, Catalogue(active), Catalogue(tuple(types)))


cities: Memory[Mapping[str, KnownCity]] = Memory(read_cities)


def known_city(slug: str) -> KnownCity:
    """What is known of a city. Raises NotReady before it is loaded."""
    known = cities.state().get(slug) or cities.renew().get(slug)
    if known is None:
        raise NotReady(f"The city {slug!r} is not loaded yet.")
    return known


def default_city() -> City:
    """The city of paths that name none (settings.CITY). Raises NotReady before it is loaded."""
    return known_city(settings.CITY).city


def find_type(city: City, text: str) -> ComplaintType:
    """The type of a code, name or alias; a new one is looked for in the database first.

    Raises UnknownType.
    """
    try:
        return known_city(city.slug).catalogue.find(text)
    except UnknownType:
        cities.renew()
        return known_city(city.slug).catalogue.find(text)
