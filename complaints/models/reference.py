"""What complaints refer to: the city, its agencies, complaint types and districts."""

from __future__ import annotations

from datetime import datetime
from typing import Self
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.text import slugify
from phonenumbers import SUPPORTED_REGIONS


def validate_time_zone(name: str) -> None:
    """Raise ValidationError unless `name` is an IANA time zone."""
    if name not in available_timezones():
        raise ValidationError(f"got {name[:200]!r}, expected an IANA zone such as America/New_York")


def validate_country(code: str) -> None:
    """Raise ValidationError unless `code` is a country that telephone numbers are known of."""
    if code not in SUPPORTED_REGIONS:
        raise ValidationError(f"got {code[:200]!r}, expected an ISO 3166 code such as US")


class City(models.Model):
    """A city. Every other row belongs to one; its zone is what "local time" means."""

    class DescriptionPolicy(models.TextChoices):
        PRIVATE = "private", "For the filer and staff only"
        REDACTED = "redacted", "Public, without telephone numbers, e-mail addresses and the like"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=50, validators=[validate_time_zone])
    west = models.FloatField(help_text="Bounding box, degrees of longitude")
    south = models.FloatField(help_text="Bounding box, degrees of latitude")
    east = models.FloatField(help_text="Bounding box, degrees of longitude")
    north = models.FloatField(help_text="Bounding box, degrees of latitude")
    jurisdiction_id = models.CharField(
        max_length=100, unique=True, help_text="Open311 name of the city, such as nyc.gov"
    )
    country = models.CharField(
        max_length=2,
        default="US",
        db_default="US",
        validators=[validate_country],
        help_text="ISO 3166: how telephone numbers are written here",
    )
    description_policy = models.CharField(
        max_length=10,
        choices=DescriptionPolicy,
        default=DescriptionPolicy.PRIVATE,
        db_default=DescriptionPolicy.PRIVATE,
        help_text="Whether the public reads what people write, once redacted. Change it with "
        "manage.py redact_descriptions --policy, which renews the texts too",
    )
    mapping = models.CharField(
        max_length=50,
        blank=True,
        db_default="",
        help_text="Form of its open data (import_complaints --list-mappings), where files fit two",
    )

    class Meta:
        verbose_name_plural = "cities"
        ordering = ["slug"]
        constraints = [
            models.CheckConstraint(
                name="city_box_is_a_box",
                condition=Q(west__gte=-180, east__lte=180, south__gte=-90, north__lte=90)
                & Q(west__lt=models.F("east"), south__lt=models.F("north")),
            ),
            models.CheckConstraint(
                name="city_description_policy_is_known",
                condition=Q(description_policy__in=["private", "redacted"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def publishes_descriptions(self) -> bool:
        """Whether the public reads descriptions, redacted."""
        return self.description_policy == self.DescriptionPolicy.REDACTED

    def contains(self, latitude: float, longitude: float) -> bool:
        """Whether a point (degrees) lies in the bounding box, edges included."""
        return self.spans(latitude) and self.west <= longitude <= self.east

    def spans(self, latitude: float) -> bool:
        """Whether a latitude is one of the bounding box: if so, another coordinate is wrong."""
        return self.south <= latitude <= self.north

    def localise(self, moment: datetime) -> datetime:
        """The same instant on the city's clock."""
        return moment.astimezone(self.zone)


class Agency(models.Model):
    """A city department that works complaints."""

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="agencies")
    code = models.CharField(max_length=50)
    name = models.CharField(max_length=200)
    staff = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        blank=True,
        related_name="agencies",
        help_text="Who works its complaints",
    )

    class Meta:
        verbose_name_plural = "agencies"
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["city", "code"], name="agency_code_once_per_city"),
        ]

    def __str__(self) -> str:
        return self.code


class ComplaintTypeQuerySet(models.QuerySet["ComplaintType"]):
    """Complaint types by what people call them."""

    def active(self) -> Self:
        """Types that can be filed."""
        return self.filter(is_active=True)


class ComplaintType(models.Model):
    """What a complaint is about.

    Two types may have names that differ only in case when they belong to different agencies
    (New York's PLUMBING of HPD and Plumbing of DOB); the code tells them apart.
    """

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="complaint_types")
    code = models.SlugField(max_length=100)
    name = models.CharField(max_length=200, help_text="Official name, as the city writes it")
    aliases = ArrayField(
        models.CharField(max_length=200), default=list, blank=True, help_text="Other names"
    )
    group = models.CharField(max_length=100, blank=True)
    keywords = ArrayField(models.CharField(max_length=100), default=list, blank=True)
    agency = models.ForeignKey(
        Agency,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="complaint_types",
        help_text="The agency that usually works it",
    )
    promised_hours = models.FloatField(
        null=True, blank=True, help_text="Hours to close that the city itself promises"
    )
    attribute_definitions = models.JSONField(
        default=list, blank=True, help_text="Open311 service attributes"
    )
    is_active = models.BooleanField(default=True, help_text="Can be filed")

    objects = ComplaintTypeQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["city", "code"], name="type_code_once_per_city"),
            models.UniqueConstraint(fields=["city", "name"], name="type_name_once_per_city"),
            models.UniqueConstraint(
                "city", Lower("name"), "agency", name="type_name_any_case_once_per_agency"
            ),
            models.CheckConstraint(
                name="type_promise_is_positive",
                condition=Q(promised_hours__isnull=True) | Q(promised_hours__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse an alias that means another type of the city, or a name that is one's alias.

        Inside a transaction the city's row is locked, so that two at once cannot both pass.
        """
        if not self.city_id:
            return
        if connection.in_atomic_block:
            City.objects.select_for_update().filter(pk=self.city_id).first()
        mine = {alias.casefold() for alias in self.aliases}
        errors = []
        for other in ComplaintType.objects.filter(city=self.city_id).exclude(pk=self.pk):
            theirs = {alias.casefold() for alias in other.aliases}
            names = {other.code, other.name.casefold()}
            # A code is found by what is written with blanks as well.
            taken = {alias for alias in mine if alias in theirs | names or slugify(alias) in names}
            taken |= {self.name.casefold(), self.code} & theirs
            errors += [f"{name!r} means {other.name} ({other.code})" for name in sorted(taken)]
        if errors:
            raise ValidationError({"aliases": errors})


class District(models.Model):
    """A named area for statistics: a borough, or a community board within one."""

    class Kind(models.TextChoices):
        BOROUGH = "borough"
        COMMUNITY_BOARD = "community_board"
        OTHER = "other"

    city = models.ForeignKey(City, on_delete=models.PROTECT, related_name="districts")
    code = models.SlugField(max_length=100)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=20, choices=Kind, default=Kind.OTHER)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children"
    )

    class Meta:
        ordering = ["code"]
        constraints = [
            models.UniqueConstraint(fields=["city", "code"], name="district_code_once_per_city"),
            models.CheckConstraint(
                name="district_kind_is_known",
                condition=Q(kind__in=["borough", "community_board", "other"]),
            ),
        ]

    def __str__(self) -> str:
        return self.name
