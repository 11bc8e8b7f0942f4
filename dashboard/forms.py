"""The question "how long will it take?" as a form."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Any

from django import forms
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.models import City
from complaints.moments import parse_moment
from dashboard.complaint_types import FiledType
from dashboard.widgets import LongSelect
from predictions.queries import EARLIEST_YEAR, FURTHEST_AHEAD

MOST_FILED = 8
COORDINATE_DIGITS = 5
"""About a metre."""

Choices = list[tuple[str, list[tuple[str, str]]]]


class ForecastForm(forms.Form):
    """Type, place and time of a complaint. Times are the city's local time."""

    complaint_type = forms.ChoiceField(
        label=gettext_lazy("What is it about?"),
        widget=LongSelect,
        # Django's own message repeats whatever was sent.
        error_messages={
            "invalid_choice": gettext_lazy("This is not a type that can be filed here.")
        },
    )
    latitude = forms.FloatField(label=gettext_lazy("Latitude"), min_value=-90, max_value=90)
    longitude = forms.FloatField(label=gettext_lazy("Longitude"), min_value=-180, max_value=180)
    created_date = forms.CharField(
        label=gettext_lazy("Filed at"), widget=forms.TextInput(attrs={"type": "datetime-local"})
    )

    def __init__(
        self, city: City, types: list[FiledType], now: datetime, data: dict[str, Any]
    ) -> None:
        super().__init__(data, label_suffix="")
        self.city = city
        self.now = now
        choices = self.fields["complaint_type"]
        assert isinstance(choices, forms.ChoiceField)  # noqa: S101  (tells the type checker)
        choices.choices = grouped(types)
        for name, low, high in _edges(city):
            self.fields[name].widget.attrs |= {"min": low, "max": high, "step": "any"}

    def clean_created_date(self) -> datetime:
        """The time as an aware one."""
        try:
            moment = parse_moment(self.cleaned_data["created_date"], self.city.zone)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        if moment.year < EARLIEST_YEAR or moment > self.now + FURTHEST_AHEAD:
            raise forms.ValidationError(
                _("got %(day)s, expected a time since %(year)s and at most %(days)s days ahead")
                % {
                    "day": date_format(moment, _("j M Y")),
                    "year": EARLIEST_YEAR,
                    "days": FURTHEST_AHEAD.days,
                }
            )
        return moment

    def clean(self) -> dict[str, Any]:
        """Refuse a place outside the city."""
        cleaned: dict[str, Any] = self.cleaned_data
        latitude, longitude = cleaned.get("latitude"), cleaned.get("longitude")
        if latitude is None or longitude is None or self.city.contains(latitude, longitude):
            return cleaned
        raise forms.ValidationError(
            _(
                "got the place %(latitude)s, %(longitude)s, expected one in %(city)s: latitude "
                "%(south)s to %(north)s, longitude %(west)s to %(east)s"
            )
            % {
                "latitude": latitude,
                "longitude": longitude,
                "city": self.city.name,
                "south": self.city.south,
                "north": self.city.north,
                "west": self.city.west,
                "east": self.city.east,
            }
        )


def starting_question(city: City, types: list[FiledType], now: datetime) -> dict[str, Any]:
    """What the form asks before anybody touched it: the most filed type, mid-city, now."""
    return {
        "complaint_type": types[0].code,
        "latitude": round((city.south + city.north) / 2, COORDINATE_DIGITS),
        "longitude": round((city.west + city.east) / 2, COORDINATE_DIGITS),
        "created_date": f"{city.localise(now):%Y-%m-%dT%H:%M}",
    }


def grouped(types: list[FiledType]) -> Choices:
    """Choices of the select: the most often filed (`types` begins with them), then all by group."""
    by_group: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for kind in sorted(types, key=lambda kind: kind.name):
        by_group[kind.group or _("Other")].append((kind.code, kind.name))
    top = [(kind.code, kind.name) for kind in types[:MOST_FILED]]
    return [(_("Most often filed"), top), *sorted(by_group.items())]


def _edges(city: City) -> list[tuple[str, float, float]]:
    return [("latitude", city.south, city.north), ("longitude", city.west, city.east)]
