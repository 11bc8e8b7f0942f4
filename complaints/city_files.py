"""A city's fixtures: `city.toml`, and where there are any, agencies, types and districts as CSV."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator
from pathlib import Path

from django.db import transaction

from complaints.models import Agency, City, ComplaintType, District
from complaints.opendata.mapping import mappings

CITY_KEYS = frozenset(
    {"slug", "name", "time_zone", "west", "south", "east", "north", "jurisdiction_id"}
)

OPTIONAL_CITY_KEYS = frozenset({"country", "mapping"})
"""The policy for descriptions is none of them: changing it takes more than setting it."""


class BadCityFile(ValueError):
    """A file of the folder is missing or says something that cannot be; nothing was loaded."""


@transaction.atomic
def load_city(folder: Path) -> City:
    """Create or renew a city and its reference rows from a folder, all or nothing.

    A file instead of a folder is a `city.toml` alone: importing fills in agencies, types and
    districts. Rows are matched by code; rows that the files do not name stay. Raises BadCityFile.
    """
    facts = _city_facts(folder if folder.is_file() else folder / "city.toml")
    city, _ = City.objects.update_or_create(slug=facts.pop("slug"), defaults=facts)
    city.full_clean()
    if folder.is_file():
        return city
    agencies = {
        row["code"]: Agency.objects.update_or_create(
            city=city, code=row["code"], defaults={"name": row["name"]}
        )[0]
        for row in _rows(folder / "agencies.csv")
    }
    for row in _rows(folder / "complaint_types.csv"):
        _load_type(city, agencies, row)
    _load_districts(city, folder / "districts.csv")
    return city


def _city_facts(path: Path) -> dict[str, object]:
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadCityFile(f"{path}: {error}") from error
    if not CITY_KEYS <= set(facts) <= CITY_KEYS | OPTIONAL_CITY_KEYS:
        raise BadCityFile(
            f"{path}: got the keys {sorted(facts)}, expected {sorted(CITY_KEYS)} "
            f"and perhaps {sorted(OPTIONAL_CITY_KEYS)}"
        )
    if facts.get("mapping", "") not in {"", *mappings()}:
        raise BadCityFile(
            f"{path}: got the mapping {facts['mapping']!r}, expected one of {', '.join(mappings())}"
        )
    return facts


def _rows(path: Path) -> Iterator[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)
    except OSError as error:
        raise BadCityFile(f"{path}: {error}") from error


def _load_type(city: City, agencies: dict[str, Agency], row: dict[str, str]) -> None:
    if row["agency"] and row["agency"] not in agencies:
        raise BadCityFile(f"complaint type {row['code']}: agency {row['agency']!r} is unknown")
    ComplaintType.objects.update_or_create(
        city=city,
        code=row["code"],
        defaults={
            "name": row["name"],
            "aliases": _split(row["aliases"]),
            "group": row["group"],
            "keywords": _split(row["keywords"]),
            "agency": agencies.get(row["agency"]),
            "promised_hours": float(row["promised_hours"]) if row["promised_hours"] else None,
        },
    )


def _load_districts(city: City, path: Path) -> None:
    known: dict[str, District] = {}
    # Parents first: a district can only hang on one that exists.
    for row in sorted(_rows(path), key=lambda row: bool(row["parent"])):
        known[row["code"]], _ = District.objects.update_or_create(
            city=city,
            code=row["code"],
            defaults={
                "name": row["name"],
                "kind": row["kind"],
                "parent": known[row["parent"]] if row["parent"] else None,
            },
        )


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
