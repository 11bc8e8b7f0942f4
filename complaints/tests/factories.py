"""Complaints for tests, in one line: `ComplaintFactory(closed_after_hours=5)`."""

from datetime import UTC, datetime, timedelta
from typing import Any

import factory
from factory.django import DjangoModelFactory

from complaints.models import Agency, City, Complaint, ComplaintType, District
from complaints.models.complaint import cell_of

NOON = datetime(2019, 7, 10, 16, 0, tzinfo=UTC)
"""A Wednesday, 12:00 in New York."""


class CityFactory(DjangoModelFactory[City]):
    class Meta:
        model = City
        django_get_or_create = ("slug",)

    slug = "nyc"
    name = "New York City"
    time_zone = "America/New_York"
    west, south, east, north = -74.3, 40.45, -73.65, 40.95
    jurisdiction_id = factory.LazyAttribute(lambda city: f"{city.slug}.gov")


class AgencyFactory(DjangoModelFactory[Agency]):
    class Meta:
        model = Agency
        django_get_or_create = ("city", "code")

    city = factory.SubFactory(CityFactory)
    code = "NYPD"
    name = factory.LazyAttribute(lambda agency: f"Department {agency.code}")


class ComplaintTypeFactory(DjangoModelFactory[ComplaintType]):
    class Meta:
        model = ComplaintType
        django_get_or_create = ("city", "code")

    city = factory.SubFactory(CityFactory)
    code = "noise-residential"
    name = factory.LazyAttribute(lambda kind: kind.code.replace("-", " ").title())
    agency = factory.SubFactory(AgencyFactory, city=factory.SelfAttribute("..city"))


class DistrictFactory(DjangoModelFactory[District]):
    class Meta:
        model = District
        django_get_or_create = ("city", "code")

    city = factory.SubFactory(CityFactory)
    code = "queens-07"
    name = "07 QUEENS"
    kind = District.Kind.COMMUNITY_BOARD


class ComplaintFactory(DjangoModelFactory[Complaint]):
    """An open complaint in Queens; `closed_after_hours` closes it."""

    class Meta:
        model = Complaint

    class Params:
        closed_after_hours: Any = None

    city = factory.SubFactory(CityFactory)
    complaint_type = factory.SubFactory(ComplaintTypeFactory, city=factory.SelfAttribute("..city"))
    agency = factory.SelfAttribute("complaint_type.agency")
    created_at = NOON
    latitude = 40.75
    longitude = -73.85
    cell = factory.LazyAttribute(
        lambda c: None if c.latitude is None else cell_of(c.latitude, c.longitude)
    )
    closed_at = factory.LazyAttribute(
        lambda c: (
            None
            if c.closed_after_hours is None
            else c.created_at + timedelta(hours=c.closed_after_hours)
        )
    )
    status = factory.LazyAttribute(
        lambda c: Complaint.Status.OPEN if c.closed_at is None else Complaint.Status.CLOSED
    )
