"""Cities, agencies, types and districts as files: which columns, and what names a row.

Rows are matched by city and code, never by our keys, so that a file of one installation fits
another. Each row is validated as in a form; one that is wrong refuses the file.
"""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from import_export.fields import Field
from import_export.resources import ModelResource
from import_export.widgets import ForeignKeyWidget, SimpleArrayWidget

from complaints.models import Agency, City, ComplaintType, District

BETWEEN = "|"
"""Between several names in a cell: names have commas."""


class OfTheCity(ForeignKeyWidget):  # type: ignore[misc]
    """A row of the same city, by its code."""

    def __init__(self, model: type[Agency] | type[District]) -> None:
        super().__init__(model, field="code")

    def get_queryset(self, value: Any, row: Any, *args: Any, **kwargs: Any) -> QuerySet[Any]:
        """The rows of the city that the line names."""
        rows: QuerySet[Any] = super().get_queryset(value, row, *args, **kwargs)
        return rows.filter(city__slug=row["city"])


def _city() -> Field:
    return Field(attribute="city", column_name="city", widget=ForeignKeyWidget(City, field="slug"))


class Resource(ModelResource):  # type: ignore[misc]
    """What all have in common."""

    class Meta:
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        import_id_fields: tuple[str, ...] = ("city", "code")


class CityResource(Resource):
    """The policy for descriptions is left out: changing it takes more than setting it."""

    class Meta(Resource.Meta):
        model = City
        import_id_fields = ("slug",)
        fields = (
            *("slug", "name", "time_zone", "west", "south", "east", "north"),
            *("jurisdiction_id", "country", "mapping"),
        )


class AgencyResource(Resource):
    """Without its staff: accounts belong to one installation."""

    city = _city()

    class Meta(Resource.Meta):
        model = Agency
        fields = ("city", "code", "name")


class ComplaintTypeResource(Resource):
    """Open311 attributes as JSON, several names with a bar between."""

    city = _city()
    agency = Field(attribute="agency", column_name="agency", widget=OfTheCity(Agency))
    aliases = Field(attribute="aliases", widget=SimpleArrayWidget(separator=BETWEEN))
    keywords = Field(attribute="keywords", widget=SimpleArrayWidget(separator=BETWEEN))

    class Meta(Resource.Meta):
        model = ComplaintType
        fields = (
            *("city", "code", "name", "aliases", "group", "keywords", "agency"),
            *("promised_hours", "attribute_definitions", "is_active"),
        )


class DistrictResource(Resource):
    """Parents before their children, or in a file before."""

    city = _city()
    parent = Field(attribute="parent", column_name="parent", widget=OfTheCity(District))

    class Meta(Resource.Meta):
        model = District
        fields = ("city", "code", "name", "kind", "parent")
