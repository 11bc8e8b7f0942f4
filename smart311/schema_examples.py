"""Examples in the schema: one complaint and what surrounds it, told alike in every operation.

An operation gets its examples from its shapes: each property has a value here by its name, where
needed by the name of its shape as well. What has none gets one by its type.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from smart311.problems import CONTENT_TYPE

Schema = Mapping[str, Any]

FILED, SEEN, CLOSED = "2026-07-08T16:00:00Z", "2026-07-08T16:00:02Z", "2026-07-08T20:30:00Z"
TRAINED = "2026-07-06T04:00:00Z"
PUBLIC_ID = "5d6d5e3b9f0c4a7e8b21"
SITE = "http://127.0.0.1:8000"
SERVER = f"{SITE}/api/v1"
MODEL = "nyc-20260706-1"
HOURS = {"mean": 9.8713, "median": 2.8471, "p90": 21.4926}

VALUES: dict[str, Any] = {
    # complaints
    "id": PUBLIC_ID, "city": "nyc", "complaint_type": "noise-residential", "agency": "NYPD",
    "district": "manhattan-03", "descriptor": "Loud Music/Party", "status": "open",
    "description": "Drums since 11 pm, every night this week.", "latitude": 40.7223,
    "longitude": -73.9874, "lat": 40.7223, "lon": -73.9874, "address": "1 EXAMPLE STREET",
    "zip": "10009", "channel": "mobile", "source": "api", "external_id": None,
    "resolution": "", "duplicate_of": None, "Duplicate.duplicate_of": "0b7e21c49ad84f3f9e15",
    "created_at": FILED, "updated_at": SEEN, "closed_at": None, "due_at": None,
    "timestamp": FILED, "created_date": FILED, "Close.at": CLOSED, "at": TRAINED,
    "Close.resolution": "The officers spoke to the residents.",
    "PatchedChange.status": "in_progress",
    "media_url": "https://example.org/pictures/drums.jpg",
    "PossibleDuplicate.id": "0b7e21c49ad84f3f9e15", "Similar.id": "c2f84e1170b94dd2a6f3",
    "Similar.status": "closed", "Similar.closed_at": CLOSED, "hours_to_close": 4.5,
    "distance_metres": 111.2, "age_hours": 5.25, "count": 1,
    # who files, and who asks
    "Contact.name": "Jane Doe", "Reporter.name": "Jane Doe", "email": "jane@example.org",
    "phone": "+1 212 555 0142", "user": "jane", "Key.name": "night shift app",
    # history
    "Event.kind": "opened", "StaffEvent.kind": "commented", "occurred_at": FILED,
    "recorded_at": SEEN, "text": "", "Comment.text": "Inspector on the way.",
    "StaffEvent.text": "Inspector on the way.", "is_public": True,
    # forecasts
    "median_hours": 3.7, "p10_hours": 0.6, "p90_hours": 18.3, "Promise.model": MODEL,
    "closed_within": {"24": 0.93, "72": 0.97, "168": 0.98}, "horizon_hours": 1440.0,
    "expected_close_at": "2026-07-08T15:42:00-04:00", "beyond_horizon": False,
    "estimated_time": 3.7, "p10": 0.6, "p90": 18.3, "counted_from": FILED,
    "open_for_hours": 1.5, "reason": "", "Reason.reason": "Coverage fell below its bound.",
    "expected_time": 3.4, "hour": 12, "q": 14.25,
    "sentence": "Half of such complaints are closed within 3.7 h, eight in ten between 36 min "
    "and 18 h.",
    "open_nearby": 2, "open_in_city": 41, "filed_within_hours": 168, "feature": "queue",
    "QueueAhead.words": "Of the similar ones filed in the last 168 h, 41 are open in the city, "
    "2 in this district.",
    "ForecastReason.words": "What is waiting just now: 48 min shorter than usual for this type.",
    "ForecastReason.hours": -0.8,
    # what complaints refer to
    "Agency.code": "NYPD", "Agency.name": "New York City Police Department",
    "ComplaintType.code": "noise-residential", "ComplaintType.name": "Noise - Residential",
    "aliases": ["residential noise"], "group": "Noise", "keywords": ["music", "party"],
    "promised_hours": 8.0, "is_active": True, "City.slug": "nyc", "City.name": "New York City",
    "time_zone": "America/New_York", "west": -74.28, "south": 40.47, "east": -73.68,
    "north": 40.94, "jurisdiction_id": "nyc.gov", "District.code": "manhattan-03",
    "District.name": "03 MANHATTAN", "District.kind": "community_board", "parent": "manhattan",
    # Open311
    "GeoReportServices.service_code": "noise-residential",
    "GeoReportServices.description": "Noise - Residential, worked by NYPD",
    "GeoReportServices.keywords": "music,party", "GeoReportServices.type": "realtime",
    "service_request_id": PUBLIC_ID, "service_code": "noise-residential", "zipcode": "10009",
    "service_name": "Noise - Residential", "long": -73.9874, "address_id": None,
    "agency_responsible": "New York City Police Department", "status_notes": None,
    "service_notice": "Half of such reports are closed by Wed 8 Jul 2026, 15:42, eight in ten "
    "between Wed 8 Jul 2026, 12:36 and Thu 9 Jul 2026, 06:18.", "account_id": None,
    "requested_datetime": FILED, "updated_datetime": SEEN, "token": PUBLIC_ID,
    "expected_datetime": "2026-07-08T19:42:00Z", "GeoReportRequests.media_url": None,
    "GeoReportRequest.media_url": None, "update_id": "47264",
    # imports
    "Import.id": 12, "Import.status": "done", "Import.mapping": "nyc", "Import.origin": "file",
    "Import.name": "nyc311.csv.gz", "Import.sha256": "9f2c" * 16, "Import.since": None,
    "Import.observed_at": SEEN, "Import.started_at": FILED, "Import.finished_at": SEEN,
    "Import.progress": 1.0, "Import.error": "", "read": 1000, "new": 900, "updated": 40,
    "unchanged": 57, "superseded": 0, "left_out": 0, "rejected": 3, "new_names": 2,
    "reasons": {"closed before it was created": 3}, "notes": {"place outside the city dropped": 8},
    "NewImport.file": "nyc311.csv.gz", "NewImport.mapping": "nyc", "NewImport.since": TRAINED,
    "PortalImport.mapping": "nyc", "PortalImport.since": TRAINED,
    "portal": "data.cityofnewyork.us/erm2-nwe9", "NewImport.observed_at": SEEN,
    "Import.report": {
        "no_place": {"title": "Without coordinates, or at 0, 0", "rows": 54,
                     "by_agency": {"NYPD": 50, "HPD": 4}, "examples": ["41309122"]},
    },
    # models
    "version": MODEL, "ModelVersion.status": "active", "WorkedModelVersion.status": "active",
    "as_of": TRAINED, "trained_at": TRAINED, "activated_at": TRAINED, "decided_at": TRAINED,
    "filed_from": "2026-07-01T04:00:00Z", "filed_until": TRAINED, "sha256": "9f2c" * 16,
    "metrics": {"forecast": {"mae_hours": 8.69, "brier_24": 0.0839, "coverage_80": 0.8573}},
    "passed": True,
    # statistics
    "Statistics.source": "rollups", "StatisticsArea.source": "rollups",
    "rollup": "day_agency_district", "group_by": ["agency", "day"], "counted_by": "filing",
    "largest_error": 0.0244, "minimum": 5, "StatisticsFigures.complaints": 1412,
    "StatisticsGroup.complaints": 1412, "open": 203, "closed": 1209, "instant_closings": 12,
    "groups_without_hours": 0, "StatisticsFigures.hours_to_close": HOURS,
    "StatisticsGroup.hours_to_close": HOURS, "Survival.median": 3.0921, "still_open": 203,
    "OnTime.p90": {"kept": 1083, "broken": 114, "undecided": 199, "share": 0.9048},
    "kept": 640, "broken": 557, "undecided": 199, "share": 0.5347, "area": "district:manhattan",
    "complaints_ratio": 0.2194, "mean_ratio": 1.3162, "median_ratio": 1.1255,
    "p90_ratio": 1.2434, "is_median_beyond_error": True, "cell": "882a100d2dfffff",
    "day": "2026-07-08", "week": "2026-07-06", "month": "2026-07-01", "weekday": 3,
    "closed_day": "2026-07-08", "closed_week": "2026-07-06", "closed_month": "2026-07-01",
    # where everything is
    "service_version": "1.0.0", "documentation": f"{SITE}/docs",
    "schema": f"{SITE}/openapi.json", "collections": {"complaints": f"{SERVER}/complaints"},
    # pages
    "next": f"{SERVER}/complaints/?cursor=WyItY3JlYXRlZF9hdCIsIjIwMjYi", "previous": None,
}  # fmt: skip
PROBLEMS: dict[int, tuple[str, tuple[str, str] | None]] = {
    400: ("got 91.0, expected a latitude from -90 to 90", ("/latitude", "invalid")),
    401: ("This API key is not valid.", None),
    403: ("You do not have permission to perform this action.", None),
    404: ("There is no such thing.", None),
    406: ("Could not satisfy the request Accept header.", None),
    409: ("It is closed already, since 2026-07-08 20:30Z.", None),
    413: ("The body is longer than 10485760 bytes.", None),
    415: ('Unsupported media type "text/plain" in request.', None),
    422: ("This Idempotency-Key came before with another payload; choose a new one.", None),
    429: ("The limit of this minute is used up.", None),
    503: ("The database does not answer; nothing was stored.", None),
}
FILES = {
    "text/csv": "id,city,complaint_type,…\r\n5d6d5e3b9f0c4a7e8b21,nyc,noise-residential,…\r\n",
    "application/geo+json": {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": PUBLIC_ID,
                "geometry": {"type": "Point", "coordinates": [-73.9874, 40.7223]},
                "properties": {"id": PUBLIC_ID, "complaint_type": "noise-residential"},
            }
        ],
    },
}


def give_examples(
    result: dict[str, Any], generator: object, request: object, public: bool
) -> dict[str, Any]:
    """A hook of drf-spectacular: an example for every body that has none."""
    shapes = result["components"]["schemas"]
    for operations in result["paths"].values():
        for operation in operations.values():
            for media in operation.get("requestBody", {}).get("content", {}).values():
                _give(media, lambda schema: example_of(schema, shapes, is_request=True))
            for code, response in operation["responses"].items():
                for media_type, media in response.get("content", {}).items():
                    if media_type == CONTENT_TYPE:
                        _give(media, lambda _, code=code: problem_example(int(code)))
                    elif media_type in FILES:
                        _give(media, lambda _, media_type=media_type: FILES[media_type])
                    else:
                        _give(media, lambda schema: example_of(schema, shapes))
    return result


def _give(media: dict[str, Any], make: Any) -> None:
    if "example" not in media and "examples" not in media:
        media["example"] = make(media["schema"])


def problem_example(code: int) -> dict[str, Any]:
    """A problem document with this status."""
    title = HTTPStatus(code).phrase
    detail, error = PROBLEMS.get(code, (title, None))
    errors = [{"pointer": error[0], "code": error[1], "detail": detail}] if error else []
    return {
        "type": "about:blank",
        "title": title,
        "status": code,
        "detail": detail,
        "errors": errors,
        "request_id": "3f9d1c7a5b2e8f60",
    }


def example_of(schema: Schema, shapes: Schema, name: str = "", is_request: bool = False) -> Any:
    """A value that the schema allows; `name` is that of the shape and of the property."""
    if "example" in schema:
        return schema["example"]
    if (known := _known(name)) is not None:
        return VALUES[known]
    if "$ref" in schema:
        shape = schema["$ref"].rpartition("/")[2]
        return example_of(shapes[shape], shapes, f"{shape}.", is_request)
    for key in ("allOf", "oneOf", "anyOf"):
        if key in schema:
            return example_of(schema[key][0], shapes, "", is_request)
    if schema.get("type") == "object" and "properties" in schema:
        shape = name.partition(".")[0]
        return {
            field: example_of(inner, shapes, f"{shape}.{field}", is_request)
            for field, inner in schema["properties"].items()
            if not (is_request and inner.get("readOnly"))
        }
    if schema.get("type") == "array":
        return [example_of(schema["items"], shapes, "", is_request)]
    return _plain(schema)


def _known(name: str) -> str | None:
    for key in (name, name.rpartition(".")[2]):
        if key in VALUES:
            return key
    return None


def _plain(schema: Schema) -> Any:
    """A value by the type alone."""
    if "default" in schema:
        return schema["default"]
    if "enum" in schema:
        return schema["enum"][0]
    by_format = {"date-time": FILED, "uri": "https://example.org/", "date": "2026-07-08"}
    by_type: dict[str | None, Any] = {
        "string": by_format.get(schema.get("format", ""), "text"),
        "integer": schema.get("minimum", 1),
        "number": schema.get("minimum", 1.0),
        "boolean": True,
        "object": {},
    }
    return by_type.get(schema.get("type"), "text")
