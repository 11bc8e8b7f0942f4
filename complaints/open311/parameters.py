"""What a GeoReport client sends: parameters from the query string and the form, as one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from django.conf import settings
from django.http import QueryDict
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request

from complaints.cities import cities, default_city
from complaints.filter_parameters import explained
from complaints.models import City
from smart311.problems import shorten
from smart311.query_strings import read_query

Value = TypeVar("Value")
Sent = Mapping[str, list[str]]
"""Values by parameter, none of them empty: an empty parameter is an absent one."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,20})?")
_COUNT = re.compile(r"[0-9]{1,6}")


def sent(request: Request) -> Sent:
    """Every parameter of the query string and of the body, which wins. Raises ValidationError."""
    found = {name: [value] for name, value in read_query(request._request, None).items()}
    if request.method == "POST" and isinstance(request.data, QueryDict):
        for name in request.data:
            values = [each for each in request.data.getlist(name) if isinstance(each, str)]
            found[name] = values
    for name, values in found.items():
        if any("\x00" in text for text in (name, *values)):
            raise ValidationError({shorten(name): ["got a null byte, expected text"]})
    found = {name: list(filter(str.strip, values)) for name, values in found.items()}
    return {name: values for name, values in found.items() if values}


def one(given: Sent, name: str) -> str | None:
    """The value of a parameter that can have only one, if it was sent. Raises ValidationError."""
    values = given.get(name)
    if values is None:
        return None
    if len(values) > 1:
        raise ValidationError({name: [f"got {len(values)} values, expected one"]})
    return values[0].strip()


class Reader:
    """Reads parameters one by one and gathers all that is wrong."""

    def __init__(self, given: Sent) -> None:
        self.given = given
        self.errors: dict[str, list[str]] = {}

    def read(self, name: str, parse: Callable[[str], Value]) -> Value | None:
        """What `parse` makes of a parameter; None if it was not sent, or is wrong."""
        text = one(self.given, name)
        if text is None:
            return None
        try:
            return parse(text)
        except ValueError as error:
            self.errors[name] = [explained(text, str(error))]
            return None

    def together(self, *names: str) -> bool:
        """Whether all of these were sent; one without the others is an error."""
        missing = [name for name in names if name not in self.given]
        if missing and len(missing) < len(names):
            others = ", ".join(name for name in names if name in self.given)
            self.errors[missing[0]] = [f"is missing: {others} came without it"]
        return not missing

    def finish(self) -> None:
        """Raise ValidationError that names each bad parameter, if there is one."""
        if self.errors:
            raise ValidationError(self.errors)


def jurisdiction(given: Sent) -> City:
    """The city that a request means. Raises NotFound, or ValidationError where it has to say."""
    name = one(given, "jurisdiction_id")
    if name is None:
        if settings.OPEN311_NEEDS_JURISDICTION:
            raise ValidationError({"jurisdiction_id": ["is missing, and required here"]})
        return default_city()
    for state in (cities.state, cities.renew):
        for known in state().values():
            if known.city.jurisdiction_id == name:
                return known.city
    raise NotFound(f"jurisdiction_id: {shorten(name)!r} is not served here")


def number(text: str, least: float, most: float, unit: str) -> float:
    """A decimal number between bounds, ends included. Raises ValueError."""
    if not (_NUMBER.fullmatch(text) and least <= float(text) <= most):
        raise ValueError(f"{unit}, {least:g} to {most:g}")
    return float(text)


def latitude(text: str) -> float:
    """Degrees. Raises ValueError."""
    return number(text, -90, 90, "degrees")


def longitude(text: str) -> float:
    """Degrees. Raises ValueError."""
    return number(text, -180, 180, "degrees")


def count(text: str, most: int) -> int:
    """A whole number from 1. Raises ValueError."""
    if not (_COUNT.fullmatch(text) and 1 <= int(text) <= most):
        raise ValueError(f"a whole number, 1 to {most:,}")
    return int(text)


def yes_or_no(text: str) -> bool:
    """`true` or `false`, also as 1 and 0. Raises ValueError."""
    if text.lower() not in {"true", "false", "1", "0"}:
        raise ValueError("true or false")
    return text.lower() in {"true", "1"}
