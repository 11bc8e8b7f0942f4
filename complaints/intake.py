"""Filing a complaint: what is derived from it, its forecast, and its row."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from complaints.forecasting import Forecast, ForecastQuery, NoForecast, get_forecaster
from complaints.models import City, Complaint, ComplaintType
from complaints.models.complaint import cell_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Filing:
    """What somebody files. Coordinates in degrees, both or neither."""

    complaint_type: ComplaintType
    created_at: datetime
    latitude: float | None = None
    longitude: float | None = None
    description: str = ""
    source: str = "api"


def file_complaint(city: City, filing: Filing) -> tuple[Complaint, Forecast | None]:
    """Store a complaint together with the promise that was made for it.

    The forecast can never refuse a complaint: where there is none, the promise stays empty.
    """
    forecast = _forecast(city, filing)
    complaint = Complaint(
        city=city,
        agency=filing.complaint_type.agency,
        cell=_cell(filing),
        complaint_type=filing.complaint_type,
        created_at=filing.created_at,
        latitude=filing.latitude,
        longitude=filing.longitude,
        description=filing.description,
        source=filing.source,
    )
    if forecast:
        complaint.promised_median_hours = forecast.median_hours
        complaint.promised_p10_hours = forecast.p10_hours
        complaint.promised_p90_hours = forecast.p90_hours
        complaint.promised_by = forecast.model_version
    with transaction.atomic():
        complaint.save(force_insert=True)
        complaint.refresh_from_db(fields=["public_id", "updated_at"])
    return complaint, forecast


def _cell(filing: Filing) -> int | None:
    if filing.latitude is None or filing.longitude is None:
        return None
    return cell_of(filing.latitude, filing.longitude)


def _forecast(city: City, filing: Filing) -> Forecast | None:
    query = ForecastQuery(
        complaint_type=filing.complaint_type.code,
        created_at=filing.created_at,
        latitude=filing.latitude,
        longitude=filing.longitude,
    )
    try:
        return get_forecaster().forecast(city, query)
    except NoForecast as error:
        logger.warning("a complaint is filed without a forecast: %s", error)
        return None
