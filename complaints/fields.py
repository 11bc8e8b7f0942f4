"""Serializer fields that take what they say and nothing that merely resembles it."""

from __future__ import annotations

import math
import threading
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.fields import SkipField, empty
from rest_framework.settings import api_settings

from complaints.catalogue import Catalogue, UnknownType
from complaints.cities import find_type
from complaints.models import City, ComplaintType
from complaints.moments import parse_moment

CLOCK_SKEW = timedelta(minutes=5)
"""How far a client's clock may run ahead of ours."""
_INVISIBLE_KINDS = {"Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me"}
"""Control and format characters, spaces, and marks, which show on a letter only."""
_EMPTY_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"
"""Letters and a symbol by their kind, nothing to the eye: fillers of Hangul, the empty Braille."""
EARLIEST_YEAR = 1900
"""A time before is a mistake, such as a clock that was never set."""


class _Kept(threading.local):
    """A thread's serializers, each with the dictionary that is its context."""

    def __init__(self) -> None:
        self.serializers: dict[type[Any], tuple[Any, dict[str, Any]]] = {}


_kept = _Kept()


class NumberField(serializers.FloatField):
    """A JSON number: not a string, not true, not infinite."""

    def to_internal_value(self, data: Any) -> float:
        """The number as a float."""
        if isinstance(data, bool) or not isinstance(data, (int, float)):
            raise serializers.ValidationError(f"got {str(data)[:200]!r}, expected a number")
        try:
            number = float(data)
        except OverflowError as error:
            raise serializers.ValidationError("expected a number of ordinary size") from error
        if not math.isfinite(number):
            raise serializers.ValidationError("expected a finite number")
        return number


class TextField(serializers.CharField):
    """A JSON string; text of nothing but invisible characters counts as blank."""

    def to_internal_value(self, data: Any) -> str:
        """The text, trimmed."""
        if not isinstance(data, str):
            raise serializers.ValidationError(f"got {str(data)[:200]!r}, expected text")
        if not any(_is_visible(character) for character in data):
            data = ""
        if not data and not self.allow_blank:
            self.fail("blank")
        return super().to_internal_value(data)


def _is_visible(character: str) -> bool:
    return (
        unicodedata.category(character) not in _INVISIBLE_KINDS and character not in _EMPTY_LETTERS
    )


@extend_schema_field(OpenApiTypes.DATETIME)
class MomentField(serializers.Field[datetime, str, str, Any]):
    """ISO 8601 text; without an offset it is the city's local time. Answers show the offset."""

    def to_internal_value(self, data: Any) -> datetime:
        """The instant in UTC."""
        if not isinstance(data, str):
            raise serializers.ValidationError(f"got {str(data)[:200]!r}, expected ISO 8601 text")
        try:
            return parse_moment(data, self.context["city"].zone)
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from error

    def to_representation(self, value: datetime) -> str:
        """The instant on the city's clock, with its offset."""
        city: City = self.context["city"]
        return city.localise(value).isoformat()


class PastMomentField(MomentField):
    """A time that has been, but for a little skew of clocks."""

    def to_internal_value(self, data: Any) -> datetime:
        """The instant in UTC."""
        moment = super().to_internal_value(data)
        if moment > timezone.now() + CLOCK_SKEW:
            raise serializers.ValidationError(f"got {moment.isoformat()}, which is in the future")
        if moment.year < EARLIEST_YEAR:
            raise serializers.ValidationError(
                f"got {moment.isoformat()}, expected a time since {EARLIEST_YEAR}"
            )
        return moment


@extend_schema_field(OpenApiTypes.STR)
class ComplaintTypeField(serializers.Field[ComplaintType, str, str, Any]):
    """A complaint type by code, official name or alias; answers give the code.

    Where many are read at once, the serializer's context has their `catalogue`.
    """

    def to_internal_value(self, data: Any) -> ComplaintType:
        """The type of the city in the serializer's context."""
        if not isinstance(data, str):
            raise serializers.ValidationError(f"got {str(data)[:200]!r}, expected text")
        try:
            catalogue: Catalogue | None = self.context.get("catalogue")
            return catalogue.find(data) if catalogue else find_type(self.context["city"], data)
        except UnknownType as error:
            raise serializers.ValidationError(str(error), code="unknown_type") from error

    def to_representation(self, value: ComplaintType) -> str:
        """The code."""
        return value.code


class StrictSerializer(serializers.Serializer[Any]):
    """A serializer for which a field that it does not know is an error, not noise."""

    compared: ClassVar[tuple[str, ...]] = ()
    """Fields that `validate` looks at, all of them optional there."""

    @classmethod
    def read(cls, data: Any, **context: Any) -> dict[str, Any]:
        """What was sent, checked, as `is_valid` does it. Raises ValidationError.

        To make a serializer costs more than to use it, so each thread keeps one.
        """
        if data is None:
            missing = serializers.ErrorDetail("No data provided", code="null")
            raise serializers.ValidationError({api_settings.NON_FIELD_ERRORS_KEY: [missing]})
        if cls not in _kept.serializers:
            own_context: dict[str, Any] = {}
            _kept.serializers[cls] = cls(context=own_context), own_context
        serializer, own_context = _kept.serializers[cls]
        own_context.clear()
        own_context.update(context)
        return dict(serializer.run_validation(data))

    def to_internal_value(self, data: Any) -> Any:
        """The validated data. Raises ValidationError that names all that is wrong at once."""
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        unknown = self._unknown(data)
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as error:
            raise self._all_that_is_wrong(data, {**_by_name(error), **unknown}) from error
        if unknown:
            raise self._all_that_is_wrong(data, unknown)
        return values

    def _unknown(self, data: Mapping[Any, Any]) -> dict[str, Any]:
        """An error for each field that is not taken, read-only ones among them."""
        taken = {name for name, field in self.fields.items() if not field.read_only}
        unknown = [str(name)[:200] for name in data if name not in taken]
        if not unknown:
            return {}
        reason = f"this field is not taken; expected some of {', '.join(sorted(taken))}"
        return {name: [serializers.ErrorDetail(reason, "unknown_field")] for name in unknown}

    def _all_that_is_wrong(
        self, data: Mapping[Any, Any], errors: dict[str, Any]
    ) -> serializers.ValidationError:
        """The errors, and those of `validate` where what it compares is right in itself."""
        if not any(name in errors for name in self.compared):
            try:
                self.validate(self._compared_values(data))
            except serializers.ValidationError as error:
                errors = {**errors, **_by_name(error)}
        return serializers.ValidationError(errors)

    def _compared_values(self, data: Mapping[Any, Any]) -> dict[str, Any]:
        values = {}
        for name in self.compared:
            with suppress(SkipField):
                values[name] = self.fields[name].run_validation(data.get(name, empty))
        return values


def _by_name(error: serializers.ValidationError) -> dict[str, Any]:
    """What a serializer says is wrong, by field."""
    detail = error.detail
    return detail if isinstance(detail, dict) else {api_settings.NON_FIELD_ERRORS_KEY: detail}
