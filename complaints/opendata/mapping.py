"""How one source's columns become ours: one declarative mapping a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from complaints.models import Complaint

OPEN = Complaint.Status.OPEN
IN_PROGRESS = Complaint.Status.IN_PROGRESS
CLOSED = Complaint.Status.CLOSED


@dataclass(frozen=True)
class SourceMapping:
    """Where each of our columns stands in a source's file.

    `columns` maps our staging names to the file's; `statuses` the file's words, lower case, to
    ours. Times are the city's local time in `time_format`.
    """

    name: str
    columns: Mapping[str, str]
    statuses: Mapping[str, Complaint.Status]
    time_format: str
    required: frozenset[str] = field(
        default=frozenset({"external_id", "created", "closed", "status", "complaint_type"})
    )

    def missing_from(self, header: list[str]) -> list[str]:
        """Columns of the file that the mapping cannot do without and that are not there."""
        return sorted(
            theirs
            for ours, theirs in self.columns.items()
            if ours in self.required and theirs not in header
        )


# Field names: NYC Open Data, "311 Service Requests from 2010 to Present" (erm2-nwe9), SODA 2.1.
NYC_SODA = SourceMapping(
    name="nyc",
    columns={
        "external_id": "unique_key",
        "created": "created_date",
        "closed": "closed_date",
        "due": "due_date",
        "status": "status",
        "agency": "agency",
        "agency_name": "agency_name",
        "complaint_type": "complaint_type",
        "descriptor": "descriptor",
        "location_type": "location_type",
        "latitude": "latitude",
        "longitude": "longitude",
        "address": "incident_address",
        "zip": "incident_zip",
        "district": "community_board",
        "channel": "open_data_channel_type",
        "resolution": "resolution_description",
    },
    statuses={
        "open": OPEN,
        "pending": OPEN,
        "unassigned": OPEN,
        "unspecified": OPEN,
        "email sent": OPEN,
        "assigned": IN_PROGRESS,
        "started": IN_PROGRESS,
        "in progress": IN_PROGRESS,
        "closed": CLOSED,
    },
    time_format="%Y-%m-%dT%H:%M:%S%.f",
)
