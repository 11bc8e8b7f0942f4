"""The query parameters that choose complaints: how each is written, read and documented.

A table written by hand, not django-filter: that ignores unknown parameters, reads values through
HTML form fields (which take " 1 " and drop what they do not know), and gives a QuerySet at once,
where lists, exports and statistics want one object that says what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError

from complaints.cities import default_city, known_city
from complaints.filters import ComplaintFilter
from complaints.models import Agency, City, Complaint, District
from complaints.moments import parse_moment
from complaints.places import Box, Circle, parse_cell
from complaints.words import Words
from smart311.problems import shorten

DEFAULT_RADIUS_METRES = 500.0
MOST_RADIUS_METRES = 10_000.0
MOST_VALUES = 100
"""Most values in a comma list."""
MOST_TEXT = 200
"""Most characters of a search."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,20})?")


class Lookup:
    """What reading a filter may have to ask the database, and only where it has to."""

    @cached_property
    def city(self) -> City:
        """The city that the paths speak of."""
        return default_city()

    def types(self, text: str) -> tuple[int, ...]:
        """Keys of the types with these codes, names or aliases; ones no longer filed as well."""
        catalogue = known_city(self.city.slug).ever_filed
        return tuple(catalogue.find(name).pk for name in comma_list(text))

    def agencies(self, text: str) -> tuple[int, ...]:
        """Keys of the agencies with these codes."""
        return self._keys(Agency.objects.filter(city=self.city), comma_list(text), "an agency")

    def districts(self, text: str) -> tuple[int, ...]:
        """Keys of the districts with these codes, and of those within them."""
        names = comma_list(text)
        inside = Q(code__in=names) | Q(parent__code__in=names)
        rows = District.objects.filter(inside, city=self.city).values_list("pk", "code")
        found = dict(rows)
        _refuse_missing(names, found.values(), "a district")
        return tuple(found)

    def words(self, text: str) -> Words:
        """A search, with the types whose names its words match."""
        if not text.strip() or len(text) > MOST_TEXT:
            raise ValueError(f"1 to {MOST_TEXT} characters")
        return Words.read(text, self.city)

    def moment(self, text: str) -> datetime:
        """An instant; without an offset it is the city's local time."""
        return parse_moment(text, self.city.zone)

    def _keys(self, rows: QuerySet[Any, Any], codes: list[str], what: str) -> tuple[int, ...]:
        found = dict(rows.filter(code__in=codes).values_list("code", "pk"))
        _refuse_missing(codes, found, what)
        return tuple(found.values())


def _refuse_missing(codes: list[str], found: Collection[str], what: str) -> None:
    if missing := [code for code in codes if code not in found]:
        raise ValueError(f"the code of {what}; {shorten(missing[0])!r} is none")


def comma_list(text: str) -> list[str]:
    """Values with commas between, each once. Raises ValueError."""
    values = [value.strip() for value in text.split(",")]
    if not all(values) or len(values) > MOST_VALUES:
        raise ValueError(f"1 to {MOST_VALUES} values with commas between")
    return list(dict.fromkeys(values))


def _statuses(_: Lookup, text: str) -> tuple[str, ...]:
    values = comma_list(text)
    if not set(values) <= set(Complaint.Status.values):
        raise ValueError(f"some of {', '.join(Complaint.Status.values)}")
    return tuple(values)


def _channels(_: Lookup, text: str) -> tuple[str, ...]:
    return tuple(comma_list(text))


def _numbers(text: str, bounds: list[tuple[str, float]]) -> list[float]:
    """Numbers with commas between, each between minus and plus its bound."""
    expected = ",".join(name for name, _ in bounds)
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != len(bounds) or not all(map(_NUMBER.fullmatch, parts)):
        raise ValueError(f"{expected} in degrees")
    numbers = [float(part) for part in parts]
    for number, (name, bound) in zip(numbers, bounds, strict=True):
        if abs(number) > bound:
            raise ValueError(f"{expected} with {name} from -{bound:g} to {bound:g}")
    return numbers


def _box(_: Lookup, text: str) -> Box:
    box = Box(*_numbers(text, [("west", 180), ("south", 90), ("east", 180), ("north", 90)]))
    if box.west > box.east or box.south > box.north:
        raise ValueError("west,south,east,north with west ≤ east and south ≤ north")
    return box


def _point(_: Lookup, text: str) -> Circle:
    latitude, longitude = _numbers(text, [("lat", 90), ("lon", 180)])
    return Circle(latitude, longitude, DEFAULT_RADIUS_METRES)


def _radius(_: Lookup, text: str) -> float:
    if not (_NUMBER.fullmatch(text) and 0 < float(text) <= MOST_RADIUS_METRES):
        raise ValueError(f"metres, above 0 and at most {MOST_RADIUS_METRES:g}")
    return float(text)


def _cell(_: Lookup, text: str) -> int:
    try:
        return parse_cell(text)
    except ValueError as error:
        raise ValueError(f"an H3 cell of resolution 0 to 9; {error}") from error


def _is_true(_: Lookup, text: str) -> bool:
    if text not in {"true", "false"}:
        raise ValueError("true or false")
    return text == "true"


@dataclass(frozen=True)
class Parameter:
    """One query parameter: its name, its meaning, and how its text is read."""

    name: str
    description: str
    read: Callable[[Lookup, str], Any]
    type: Any = OpenApiTypes.STR

    def documented(self) -> OpenApiParameter:
        """As the schema shows it."""
        return OpenApiParameter(self.name, self.type, description=self.description)


_ZONE = "ISO 8601; without an offset it is the city's local time"

PARAMETERS = (
    Parameter("complaint_type", "Code, name or alias of a type; several with commas", Lookup.types),
    Parameter("agency", "Code of an agency; several with commas", Lookup.agencies),
    Parameter(
        "district",
        "Code of a district; several with commas. A borough includes its boards",
        Lookup.districts,
    ),
    Parameter("status", "open, in_progress or closed; several with commas", _statuses),
    Parameter("channel", "phone, online, mobile, …; several with commas", _channels),
    Parameter("created_after", f"Filed at or after it. {_ZONE}", Lookup.moment),
    Parameter("created_before", f"Filed before it. {_ZONE}", Lookup.moment),
    Parameter("closed_after", f"Closed at or after it. {_ZONE}", Lookup.moment),
    Parameter("closed_before", f"Closed before it. {_ZONE}", Lookup.moment),
    Parameter(
        "updated_since",
        f"Changed at or after it. {_ZONE}. To stay in step, ask for changes since a minute before "
        "the newest `updated_at` seen: a change is stamped when its transaction begins",
        Lookup.moment,
    ),
    Parameter("bbox", "west,south,east,north in degrees, edges included", _box),
    Parameter("near", "lat,lon in degrees: within `radius` of that point", _point),
    Parameter(
        "radius",
        f"Metres around `near`, {DEFAULT_RADIUS_METRES:g} if not given, at most "
        f"{MOST_RADIUS_METRES:g}",
        _radius,
        OpenApiTypes.DOUBLE,
    ),
    Parameter("cell", "H3 cell of resolution 0 to 9, as string or decimal number", _cell),
    Parameter(
        "q",
        "Words in descriptor, address, resolution and public description, and in the type's name, "
        'as in a web search: "exact words", or, -not',
        Lookup.words,
    ),
    Parameter(
        "predicted_late",
        "true: open past its promised 90th percentile, or closed later than it; false: has a "
        "promise that has held so far",
        _is_true,
        OpenApiTypes.BOOL,
    ),
)
FILTER_NAMES = tuple(parameter.name for parameter in PARAMETERS)


def parse_filter(city: str, given: Mapping[str, str]) -> ComplaintFilter:
    """The filter that parameters (by name; others are left alone) describe, in the city `slug`.

    Raises ValidationError that names each bad one, what was got and what was expected.
    """
    lookup = Lookup()
    values: dict[str, Any] = {}
    errors: dict[str, list[str]] = {}
    for parameter in PARAMETERS:
        if (text := given.get(parameter.name)) is None:
            continue
        try:
            values[parameter.name] = parameter.read(lookup, text)
        except ValueError as error:
            errors[parameter.name] = [explained(text, str(error))]
    radius = values.pop("radius", None)
    if radius is not None and "near" not in given:
        errors["radius"] = ["got a radius without a point, expected near as well"]
    if errors:
        raise ValidationError(errors)
    if radius is not None:
        circle = values["near"]
        values["near"] = Circle(circle.latitude, circle.longitude, radius)
    return ComplaintFilter(city=city, **values)


def explained(text: str, reason: str) -> str:
    """What was got and expected; some reasons, written elsewhere, say it all themselves."""
    return reason if reason.startswith("got ") else f"got {shorten(text)!r}, expected {reason}"
