"""Attributes of a service: how they are shown, and how answers to them are checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from rest_framework.exceptions import ValidationError

from complaints.models import ComplaintType
from complaints.moments import parse_moment
from complaints.open311.parameters import Sent
from smart311.problems import shorten

MOST_ATTRIBUTES = 50
MOST_TEXT = 4000
"""Characters of one answer."""
LISTS = ("singlevaluelist", "multivaluelist")

_NAME = re.compile(r"attribute\[([^\[\]]{1,50})\](?:\[\])?")
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")


class Choice(msgspec.Struct, frozen=True):
    """One of a list."""

    key: str
    name: str


class Attribute(msgspec.Struct, frozen=True):
    """A question that a client asks."""

    variable: bool
    code: str
    datatype: str
    required: bool
    datatype_description: str | None
    order: int
    description: str
    values: list[Choice]


def attributes_of(kind: ComplaintType) -> list[Attribute]:
    """The definition of a type, in its order."""
    found = [_attribute(place, each) for place, each in enumerate(kind.attribute_definitions, 1)]
    return sorted(found, key=lambda attribute: attribute.order)


def _attribute(place: int, stored: Mapping[str, Any]) -> Attribute:
    return Attribute(
        variable=stored.get("variable", True) is True,
        code=str(stored["code"]),
        datatype=stored.get("datatype", "string"),
        required=stored.get("required", False) is True,
        datatype_description=stored.get("datatype_description") or None,
        order=stored.get("order", place),
        description=stored.get("description", ""),
        values=[Choice(str(each["key"]), each["name"]) for each in stored.get("values") or ()],
    )


def answers(kind: ComplaintType, given: Sent, zone: ZoneInfo) -> dict[str, list[str]]:
    """The answers that a form has, by code; checked where the type has a question of that code.

    What it has not is kept as text: clients of other cities send what they always send. Raises
    ValidationError that names each one that is missing or wrong.
    """
    found = _sent(given)
    errors: dict[str, list[str]] = {}
    if len(found) > MOST_ATTRIBUTES:
        raise ValidationError(f"got {len(found)} attributes, expected at most {MOST_ATTRIBUTES}")
    for code, values in found.items():
        if any(len(value) > MOST_TEXT for value in values):
            errors[f"attribute[{code}]"] = [f"expected at most {MOST_TEXT} characters"]
    for attribute in attributes_of(kind):
        if not attribute.variable:
            continue
        if error := _wrong(attribute, zone, found.get(attribute.code, [])):
            errors.setdefault(f"attribute[{attribute.code}]", [error])
    if errors:
        raise ValidationError(errors)
    return found


def _sent(given: Sent) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, values in given.items():
        if match := _NAME.fullmatch(name):
            found.setdefault(match[1], []).extend(value.strip() for value in values)
    return found


def _wrong(attribute: Attribute, zone: ZoneInfo, values: list[str]) -> str | None:
    """What is wrong with the answers to a question, if anything is."""
    if not values:
        return f"is required: {attribute.description}" if attribute.required else None
    if len(values) > 1 and attribute.datatype != "multivaluelist":
        return f"got {len(values)} values, expected one"
    for value in values:
        if error := _not_of_type(attribute, zone, value):
            return error
    return None


def _not_of_type(attribute: Attribute, zone: ZoneInfo, value: str) -> str | None:
    if attribute.datatype == "number" and not _NUMBER.fullmatch(value):
        return f"got {shorten(value)!r}, expected a number"
    if attribute.datatype == "datetime":
        try:
            parse_moment(value, zone)
        except ValueError as error:
            return str(error)
    keys = [choice.key for choice in attribute.values]
    if attribute.datatype in LISTS and value not in keys:
        return f"got {shorten(value)!r}, expected one of {', '.join(keys)}"
    return None
