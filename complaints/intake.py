"""Filing complaints: what is derived from them, their forecasts, and their rows."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import InterfaceError, OperationalError, transaction

from complaints.districts import districts_of
from complaints.forecasting import Forecast, ForecastQuery, NoForecast, get_forecaster
from complaints.models import City, Complaint, ComplaintType, District, Reporter
from complaints.models.complaint import cell_of

logger = logging.getLogger(__name__)


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
    reporter: Contact | None = None
    source: str = "api"

    @property
    def cell(self) -> int | None:
        """H3 cell of the place, if it has coordinates."""
        if self.latitude is None or self.longitude is None:
            return None
        return cell_of(self.latitude, self.longitude)


def file_complaint(city: City, filing: Filing) -> tuple[Complaint, Forecast | None]:
    """Store a complaint together with the promise that was made for it.

    The forecast can never refuse a complaint: where there is none, the promise stays empty.
    """
    complaint, forecast = _prepare(city, [filing])[0]
    with transaction.atomic():
        complaint.save(force_insert=True)
        if filing.reporter:
            _reporter(complaint, filing.reporter).save(force_insert=True)
    return complaint, forecast


def file_complaints(city: City, filings: Sequence[Filing]) -> list[Complaint]:
    """Store many complaints, all or none, each with its promise."""
    complaints = [complaint for complaint, _ in _prepare(city, filings)]
    with transaction.atomic():
        Complaint.objects.bulk_create(complaints)
        Reporter.objects.bulk_create(
            _reporter(complaint, filing.reporter)
            for complaint, filing in zip(complaints, filings, strict=True)
            if filing.reporter
        )
    return complaints


def _prepare(city: City, filings: Sequence[Filing]) -> list[tuple[Complaint, Forecast | None]]:
    cells = [filing.cell for filing in filings]
    found = districts_of(city, (cell for cell in cells if cell is not None))
    districts = District.objects.in_bulk(set(found.values())) if found else {}
    return [
        _complaint(city, filing, cell, districts.get(found.get(cell, 0)) if cell else None)
        for filing, cell in zip(filings, cells, strict=True)
    ]


def _complaint(
    city: City, filing: Filing, cell: int | None, district: District | None
) -> tuple[Complaint, Forecast | None]:
    complaint = Complaint(
        city=city,
        agency=filing.complaint_type.agency,
        district=district,
        cell=cell,
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
        source=filing.source,
    )
    forecast = _forecast(complaint)
    if forecast:
        complaint.promised_median_hours = forecast.median_hours
        complaint.promised_p10_hours = forecast.p10_hours
        complaint.promised_p90_hours = forecast.p90_hours
        complaint.promised_by = forecast.model_version
    return complaint, forecast


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


def _forecast(complaint: Complaint) -> Forecast | None:
    try:
        forecast = get_forecaster().forecast(complaint.city, forecast_query(complaint))
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
