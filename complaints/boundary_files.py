"""A boundary file (GeoJSON, RFC 7946): which areas it has, and loading them as districts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import shapely
from django.db import transaction
from django.utils.text import slugify
from shapely.geometry import shape

from complaints.models import City, District, DistrictBoundary
from smart311.problems import shorten

WGS_84 = ("CRS84", "4326")
"""How the names of the only allowed coordinate system end."""
CODE_LENGTH = 100
NAME_LENGTH = 200


class BadBoundaryFile(ValueError):
    """The file is not what it should be; nothing was loaded."""


@dataclass(frozen=True)
class Area:
    """One area of a file: its code as a slug, its name, its polygon or multipolygon."""

    code: str
    name: str
    polygon: Any


@dataclass
class Loaded:
    """What loading did: districts that are new, and boundaries by what became of them."""

    districts: list[str] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    unchanged: int = 0


def read_features(path: Path) -> list[dict[str, Any]]:
    """The features of a file. Raises BadBoundaryFile."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadBoundaryFile(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise BadBoundaryFile(f"{path} is not JSON: {shorten(error)}") from error
    if not isinstance(found, dict) or found.get("type") != "FeatureCollection":
        raise BadBoundaryFile(f"{path}: expected a GeoJSON FeatureCollection")
    _check_crs(found.get("crs"))
    features = found.get("features")
    if not isinstance(features, list) or not features:
        raise BadBoundaryFile(f"{path}: expected features, got none")
    return features


def _check_crs(crs: Any) -> None:
    if crs is None:
        return
    name = crs.get("properties", {}).get("name") if isinstance(crs, dict) else crs
    if not str(name).endswith(WGS_84):
        raise BadBoundaryFile(
            f"got the coordinate system {shorten(name)!r}, expected WGS 84 in degrees (CRS84); "
            "convert the file first"
        )


def read_area(
    number: int, feature: Any, code_property: str, name_property: str | None
) -> tuple[Area, bool]:
    """A feature's area, and whether its lines had to be mended. Raises BadBoundaryFile."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise BadBoundaryFile(f"feature {number} is no feature with properties")
    code = slugify(_text(number, properties, code_property))[:CODE_LENGTH]
    if not code:
        raise BadBoundaryFile(f"feature {number}: its {code_property} makes no code")
    name = _text(number, properties, name_property) if name_property else code
    polygon, is_mended = _polygon(number, feature.get("geometry"))
    return Area(code, name[:NAME_LENGTH], polygon), is_mended


def _text(number: int, properties: dict[str, Any], name: str) -> str:
    if name not in properties:
        known = shorten(", ".join(sorted(map(str, properties))) or "none")
        raise BadBoundaryFile(f"feature {number} has no property {name!r}; it has: {known}")
    value = properties[name]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)) or not str(value).strip():
        raise BadBoundaryFile(
            f"feature {number}: got {shorten(value)!r} as its {name}, expected text or a number"
        )
    return str(value).strip()


def _polygon(number: int, geometry: Any) -> tuple[Any, bool]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in {"Polygon", "MultiPolygon"}:
        raise BadBoundaryFile(
            f"feature {number}: got the geometry {shorten(kind)!r}, expected a polygon or "
            "multipolygon"
        )
    try:
        found = shapely.force_2d(shape(geometry))
    # Whatever the lists hold that are no coordinates.
    except (shapely.errors.ShapelyError, ValueError, TypeError, IndexError, KeyError) as error:
        raise BadBoundaryFile(f"feature {number}: {shorten(error)}") from error
    is_mended = not found.is_valid
    if is_mended:
        found = shapely.make_valid(found, method="structure", keep_collapsed=False)
    if found.is_empty or found.geom_type not in {"Polygon", "MultiPolygon"}:
        raise BadBoundaryFile(f"feature {number}: its polygon has no area")
    west, south, east, north = found.bounds
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise BadBoundaryFile(
            f"feature {number}: got coordinates from {west:g}, {south:g} to {east:g}, {north:g}, "
            "expected degrees, longitude first; convert the file to WGS 84"
        )
    return found, is_mended


@transaction.atomic
def load_areas(city: City, kind: str, areas: Iterable[Area]) -> Loaded:
    """Store the areas as boundaries of the city's districts, all or none.

    A district is found by its code, else by its name in any case, else made. Areas with the same
    code are joined. Districts that the file does not name stay as they are. The same file again
    changes nothing. Raises BadBoundaryFile.
    """
    loaded = Loaded()
    known = list(District.objects.filter(city=city))
    for area in _joined(areas):
        district = _district(city, kind, area, known, loaded)
        _store(district, area.polygon, loaded)
    return loaded


def _joined(areas: Iterable[Area]) -> list[Area]:
    by_code: dict[str, list[Area]] = {}
    for area in areas:
        by_code.setdefault(area.code, []).append(area)
    return [
        same[0]
        if len(same) == 1
        else Area(code, same[0].name, shapely.union_all([area.polygon for area in same]))
        for code, same in by_code.items()
    ]


def _district(city: City, kind: str, area: Area, known: list[District], loaded: Loaded) -> District:
    same_code = (district for district in known if district.code == area.code)
    same_name = (
        district
        for district in known
        if district.kind == kind and district.name.casefold() == area.name.casefold()
    )
    district = next(same_code, None) or next(same_name, None)
    if district is None:
        district = District.objects.create(city=city, code=area.code, name=area.name, kind=kind)
        known.append(district)
        loaded.districts.append(area.code)
    if district.kind != kind:
        raise BadBoundaryFile(f"the district {district.code} is a {district.kind}, not a {kind}")
    return district


def _store(district: District, polygon: Any, loaded: Loaded) -> None:
    stored = DistrictBoundary.objects.filter(pk=district.pk).first()
    wkb = shapely.to_wkb(polygon)
    if stored is None:
        DistrictBoundary.objects.create(district=district, polygon=wkb)
        loaded.new += 1
    elif bytes(stored.polygon) == wkb:
        loaded.unchanged += 1
    else:
        stored.polygon = wkb
        stored.save(update_fields=["polygon", "updated_at"])
        loaded.changed += 1


def read_areas(
    features: list[dict[str, Any]],
    code_property: str,
    name_property: str | None,
    progress: Callable[[int], object] = lambda _count: None,
) -> tuple[list[Area], int]:
    """Every area of a file, and how many had to be mended. Raises BadBoundaryFile."""
    areas, mended = [], 0
    for number, feature in enumerate(features, 1):
        area, is_mended = read_area(number, feature, code_property, name_property)
        areas.append(area)
        mended += is_mended
        progress(1)
    return areas, mended
