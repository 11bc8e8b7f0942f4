"""Which form a file has, and whose complaints it holds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from complaints.models import City
from complaints.opendata.mapping import SourceMapping, UnknownForm, choose, mapping_named
from complaints.opendata.reader import read_header


class UnknownCity(ValueError):
    """There is no such city."""


def destination(
    path: Path, city_slug: str | None = None, mapping_name: str | None = None
) -> tuple[City, SourceMapping]:
    """The city and the mapping of a file; what is not given is told by its columns.

    Raises UnreadableFile, UnknownForm, UnknownCity.
    """
    return destination_of(read_header(path), city_slug, mapping_name)


def destination_of(
    header: Sequence[str], city_slug: str | None = None, mapping_name: str | None = None
) -> tuple[City, SourceMapping]:
    """The same from a normalised header."""
    city = city_named(city_slug) if city_slug else None
    if mapping_name:
        mapping = mapping_named(mapping_name)
        if missing := mapping.missing_from(header):
            raise UnknownForm(f"columns missing for {mapping.name}: {', '.join(missing)}")
    else:
        mapping = choose(header, preferred=city.mapping if city else "")
    return city or city_named(mapping.city or settings.CITY), mapping


def city_named(slug: str) -> City:
    """The city of a slug. Raises UnknownCity that names those there are."""
    try:
        return City.objects.get(slug=slug)
    except City.DoesNotExist as error:
        known = ", ".join(City.objects.values_list("slug", flat=True)) or "none"
        raise UnknownCity(
            f"there is no city {slug[:200]!r} (known: {known}); manage.py load_city fixtures/nyc "
            "creates New York, fixtures/cities/SLUG.toml others"
        ) from error
