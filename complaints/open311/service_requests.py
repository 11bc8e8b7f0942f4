"""A complaint as GeoReport v2 shows it: a service request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from django.db.models import Case, FloatField, Func, TextField, Value, When
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, Exp, Greatest, NullIf

from complaints.models import City, Complaint, ComplaintEvent
from complaints.models.complaint import ComplaintQuerySet
from complaints.models.promise import HORIZON_HOURS
from complaints.phrases import HOURS_A_DAY, LEAST_CHANCE, moment_in_words
from complaints.publication import SHOWN_DESCRIPTION

CLOSED, OPEN = "closed", "open"
CHANCES = (24, 72, 168)
"""Hours from filing."""
HORIZON_DAYS = round(HORIZON_HOURS / HOURS_A_DAY)

TOLD = Coalesce(
    NullIf(SHOWN_DESCRIPTION, Value(""), output_field=TextField()),
    "descriptor",
    output_field=TextField(),
)
"""What the public reads of a description, else what exactly was reported."""
COLUMNS: tuple[str | Combinable, ...] = (
    *("pk", "public_id", "status", "resolution", "complaint_type__name", "complaint_type__code"),
    *(TOLD, "agency__name", "created_at", "updated_at", "address", "zip"),
    *("latitude", "longitude"),
    *("promised_median_hours", "promised_p10_hours", "promised_p90_hours"),
)


def _chance(hours: int) -> Combinable:
    """The chance to be closed within so many hours, from the quantiles promised at filing."""
    hazard = Func(
        Value(float(hours)),
        *("promised_p10_hours", "promised_median_hours", "promised_p90_hours"),
        function="complaints_hazard",
        output_field=FloatField(),
    )
    # PostgreSQL makes an error of a number too small for it.
    chance = Value(1.0) - Exp(Greatest(Value(0.0) - hazard, Value(-700.0)))
    # It takes the greatest of what is known: a promise that is not known would be a certainty.
    return Case(When(promised_median_hours__isnull=False, then=chance))


EXTENSION: tuple[str | Combinable, ...] = ("closed_at", "promised_by", *map(_chance, CHANCES))


class ServiceRequest(msgspec.Struct, frozen=True):
    """The fields of the standard; times in UTC."""

    service_request_id: str
    status: str
    status_notes: str | None
    service_name: str
    service_code: str
    description: str | None
    agency_responsible: str | None
    service_notice: str | None
    requested_datetime: str
    updated_datetime: str
    expected_datetime: str | None
    address: str | None
    address_id: str | None
    zipcode: str | None
    lat: float | None
    long: float | None
    media_url: str | None


class ExtendedAttributes(msgspec.Struct, frozen=True):
    """The promise in numbers; hours and chances from filing, null where nothing was promised."""

    closed_datetime: str | None
    p10_hours: float | None
    p50_hours: float | None
    p90_hours: float | None
    closed_within_24h: float | None
    closed_within_72h: float | None
    closed_within_168h: float | None
    model_version: str | None


class Note(msgspec.Struct, frozen=True):
    """A public event of its history."""

    datetime: str
    type: str
    summary: str
    description: str | None


class ExtendedRequest(ServiceRequest, frozen=True):
    """The same with what `extensions=true` adds."""

    extended_attributes: ExtendedAttributes
    notes: list[Note]


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, whole seconds."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def requests_of(rows: ComplaintQuerySet, city: City) -> list[ServiceRequest]:
    """The service requests of some complaints, in their order; one query."""
    return [ServiceRequest(*_fields(row, city)) for row in rows.values_list(*COLUMNS)]


def extended(rows: ComplaintQuerySet, city: City) -> list[ExtendedRequest]:
    """The same with promise and history; two queries."""
    found = list(rows.values_list(*COLUMNS, *EXTENSION))
    notes = _notes([row[0] for row in found])
    width = len(COLUMNS)
    told = (
        (*_fields(row[:width], city), _attributes(row, row[width:]), notes.get(row[0], []))
        for row in found
    )
    return [ExtendedRequest(*fields) for fields in told]


def _fields(row: Sequence[Any], city: City) -> Iterable[Any]:
    (_, key, status, resolution, name, code, told, agency, created, updated, address, zip_code,
     latitude, longitude, *promise) = row  # fmt: skip
    return (
        key,
        CLOSED if status == Complaint.Status.CLOSED else OPEN,
        resolution or None,
        name,
        code,
        told or None,
        agency,
        notice(created, promise, city),
        moment(created),
        moment(updated),
        expected(created, promise),
        address or None,
        None,
        zip_code or None,
        latitude,
        longitude,
        # Pictures are private: docs/privacy.md.
        None,
    )


def expected(created: datetime, promise: Sequence[float | None]) -> str | None:
    """When half of such are closed; null where none was promised, or it lies past the horizon."""
    median = promise[0]
    if median is None or median >= HORIZON_HOURS:
        return None
    return moment(created + timedelta(hours=median))


def notice(created: datetime, promise: Sequence[float | None], city: City) -> str | None:
    """The promise (median, p10, p90, hours) in a sentence, with dates on the city's clock."""
    median, p10, p90 = promise
    if median is None or p10 is None or p90 is None:
        return None
    if median >= HORIZON_HOURS:
        return (
            f"More than half of such reports are still open after {HORIZON_DAYS} days, which is "
            "as far as the forecast looks."
        )
    half, early = _by(created, median, city), _by(created, p10, city)
    if p90 >= HORIZON_HOURS:
        return (
            f"Half of such reports are closed by {half}; one in ten is still open after "
            f"{HORIZON_DAYS} days."
        )
    return (
        f"Half of such reports are closed by {half}, eight in ten between {early} and "
        f"{_by(created, p90, city)}."
    )


def _by(created: datetime, hours: float, city: City) -> str:
    return moment_in_words(city.localise(created + timedelta(hours=hours)))


def _attributes(row: Sequence[Any], more: Sequence[Any]) -> ExtendedAttributes:
    closed_at, model, *chances = more
    # Never a certainty, however it is rounded.
    day, three_days, week = (
        None if chance is None else min(max(round(chance, 4), LEAST_CHANCE), 1 - LEAST_CHANCE)
        for chance in chances
    )
    median, p10, p90 = row[len(COLUMNS) - 3 : len(COLUMNS)]
    closed = moment(closed_at) if closed_at else None
    return ExtendedAttributes(closed, p10, median, p90, day, three_days, week, model or None)


def _notes(keys: Sequence[int]) -> dict[int, list[Note]]:
    """Public events by complaint, the oldest first."""
    found: dict[int, list[Note]] = {}
    events = ComplaintEvent.objects.filter(complaint__in=keys, is_public=True)
    rows = events.values_list("complaint_id", "kind", "occurred_at", "text")
    for key, kind, at, text in rows.order_by("occurred_at", "pk"):
        summary = str(ComplaintEvent.Kind(kind).label)
        found.setdefault(key, []).append(Note(moment(at), kind, summary, text or None))
    return found
