"""Filing complaints: what is derived from them, their forecasts, and their rows."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection, transaction
from prometheus_client import Counter

from complaints.cities import districts_by_key
from complaints.districts import Place, districts_at
from complaints.forecasting import Forecast, ForecastQuery, NoForecast, get_forecaster
from complaints.models import City, Complaint, ComplaintType, District, Reporter
from complaints.models.complaint import cell_of, new_public_id
from complaints.publication import publish

logger = logging.getLogger(__name__)

_FIELDS = Complaint._meta.concrete_fields
_COLUMNS = ", ".join(str(field.column) for field in _FIELDS)

FILED = Counter(
    "smart311_complaints_filed", "Complaints stored, with a forecast or without", ["forecast"]
)


@dataclass(frozen=True)
class Contact:
    """Who files it: private."""

    name: str = ""
    email: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Filing:
    """What somebody files. Coordinates in degrees, both or neither."""

    complaint_type: ComplaintType
    created_at: datetime
    latitude: float | None = None
    longitude: float | None = None
    description: str = ""
    descriptor: str = ""
    channel: str = ""
    address: str = ""
    zip: str = ""
    media_url: str = ""
    attributes: Mapping[str, list[str]] = field(default_factory=dict)
    reporter: Contact | None = None
    source: str = "api"
    filed_by: User | None = None

    @property
    def place(self) -> Place | None:
        """Its coordinates, if it has any."""
        if self.latitude is None or self.longitude is None:
            return None
        return self.latitude, self.longitude


@dataclass(frozen=True)
class Prepared:
    """Rows that can be stored as they are, and answered as they will be.

    `forecast` is what the promise in the complaint was taken from.
    """

    complaint: Complaint
    reporter: Reporter | None
    forecast: Forecast | None


def prepare(city: City, filings: Sequence[Filing], *, why: bool = False) -> list[Prepared]:
    """The rows of complaints with what is derived from them and the promise made for each.

    Keys, public ids and `updated_at` are there as well, so call it in the transaction that
    stores them. The forecast can never refuse a complaint: where there is none, the promise
    stays empty. With `why` it has its reasons, which cost about as much as itself.
    """
    found = districts_at(city, [filing.place for filing in filings])
    districts = districts_by_key(city, [key for key in found if key is not None])
    keys, transaction_began_at = _reserve(len(filings))
    prepared = []
    for key, filing, district in zip(keys, filings, found, strict=True):
        complaint = _complaint(city, filing, districts[district] if district else None)
        forecast = _promise(complaint, why)
        complaint.pk, complaint.updated_at = key, transaction_began_at
        reporter = _reporter(complaint, filing.reporter) if filing.reporter else None
        prepared.append(Prepared(complaint, reporter, forecast))
    return prepared


def store(prepared: Sequence[Prepared]) -> None:
    """Insert the rows."""
    _insert([each.complaint for each in prepared])
    reporters = [each.reporter for each in prepared if each.reporter]
    if reporters:
        Reporter.objects.bulk_create(reporters)
    promised = sum(each.complaint.promised_by != "" for each in prepared)
    # Not before the commit: what is rolled back was not filed.
    transaction.on_commit(lambda: FILED.labels("yes").inc(promised))
    transaction.on_commit(lambda: FILED.labels("no").inc(len(prepared) - promised))


def _insert(complaints: Sequence[Complaint]) -> None:
    """What bulk_create does, but Django takes longer to write it than the database to do it.

    Every column has its value already; nothing has to be read back.
    """
    row = f"({', '.join(['%s'] * len(_FIELDS))})"
    values = [
        field.get_db_prep_save(getattr(complaint, field.attname), connection)
        for complaint in complaints
        for field in _FIELDS
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO complaints_complaint ({_COLUMNS})"  # noqa: S608  (names of our columns)
            f" VALUES {', '.join([row] * len(complaints))}",
            values,
        )


def _reserve(count: int) -> tuple[list[int], datetime]:
    """Keys for so many new complaints, and when the transaction began by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('complaints_complaint', 'id')), now()"
            " FROM generate_series(1, %s)",
            [count],
        )
        rows = cursor.fetchall()
    return [key for key, _ in rows], rows[0][1]


def _complaint(city: City, filing: Filing, district: District | None) -> Complaint:
    complaint = Complaint(
        public_id=new_public_id(),
        city=city,
        agency=filing.complaint_type.agency,
        district=district,
        cell=cell_of(*filing.place) if filing.place else None,
        complaint_type=filing.complaint_type,
        created_at=filing.created_at,
        latitude=filing.latitude,
        longitude=filing.longitude,
        description=filing.description,
        descriptor=filing.descriptor,
        channel=filing.channel,
        address=filing.address,
        zip=filing.zip,
        media_url=filing.media_url,
        attributes=dict(filing.attributes),
        source=filing.source,
        filed_by=filing.filed_by,
    )
    publish(complaint)
    return complaint


def _promise(complaint: Complaint, why: bool) -> Forecast | None:
    """Write the promise into the complaint; answers the forecast it is taken from, if any."""
    forecast = _forecast(complaint, why)
    if forecast:
        complaint.promised_median_hours = forecast.median_hours
        complaint.promised_p10_hours = forecast.p10_hours
        complaint.promised_p90_hours = forecast.p90_hours
        complaint.promised_by = forecast.model_version
    return forecast


def _reporter(complaint: Complaint, contact: Contact) -> Reporter:
    return Reporter(
        complaint=complaint, name=contact.name, email=contact.email, phone=contact.phone
    )


def forecast_query(complaint: Complaint) -> ForecastQuery:
    """What was known of a complaint when it was filed."""
    return ForecastQuery(
        complaint_type=complaint.complaint_type.code,
        created_at=complaint.created_at,
        latitude=complaint.latitude,
        longitude=complaint.longitude,
        agency=complaint.agency.code if complaint.agency else None,
        district=complaint.district.code if complaint.district else None,
        descriptor=complaint.descriptor or None,
        channel=complaint.channel or None,
        location_type=complaint.location_type or None,
    )


def _forecast(complaint: Complaint, why: bool) -> Forecast | None:
    try:
        query = forecast_query(complaint)
        forecast = get_forecaster().forecast(complaint.city, query, why=why)
    except NoForecast as error:
        logger.warning("a complaint is filed without a forecast: %s", error)
        return None
    except (OperationalError, InterfaceError):
        # Without the database the complaint cannot be stored either.
        raise
    # Whatever else is wrong with a model, a complaint must be taken in.
    except Exception:
        logger.exception("a complaint is filed without a forecast: the model failed")
        return None
    numbers = (forecast.median_hours, forecast.p10_hours, forecast.p90_hours)
    if not all(math.isfinite(number) for number in numbers):
        logger.error("model %s promises %s: ignored", forecast.model_version, numbers)
        return None
    return forecast
