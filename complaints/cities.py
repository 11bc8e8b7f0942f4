"""Which city a request speaks of, and what is kept in memory of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.conf import settings

from complaints.catalogue import Catalogue, UnknownType
from complaints.models import City, ComplaintType, District
from smart311.memory import Memory
from smart311.problems import NotReady


@dataclass(frozen=True)
class KnownCity:
    """A city, its types and its districts by primary key.

    `ever_filed` has the types that can be filed no longer as well.
    """

    city: City
    catalogue: Catalogue
    ever_filed: Catalogue
    districts: Mapping[int, District]


def read_cities(_: object = None) -> Mapping[str, KnownCity]:
    """Every city by slug; three queries."""
    types: dict[int, list[ComplaintType]] = {}
    for kind in ComplaintType.objects.select_related("agency").order_by("id"):
        types.setdefault(kind.city_id, []).append(kind)
    districts: dict[int, dict[int, District]] = {}
    for district in District.objects.all():
        districts.setdefault(district.city_id, {})[district.pk] = district
    return {
        city.slug: _known(city, types.get(city.pk, []), districts.get(city.pk, {}))
        for city in City.objects.all()
    }


def _known(city: City, types: list[ComplaintType], districts: Mapping[int, District]) -> KnownCity:
    active = tuple(kind for kind in types if kind.is_active)
    return KnownCity(city, Catalogue(active), Catalogue(tuple(types)), districts)


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


def districts_by_key(city: City, keys: Iterable[int]) -> Mapping[int, District]:
    """The districts with these primary keys among others; new ones are read first."""
    known = known_city(city.slug).districts
    if set(keys) <= known.keys():
        return known
    cities.renew()
    return known_city(city.slug).districts
