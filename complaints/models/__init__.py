"""The domain: where complaints happen, what they are about, and each one's life."""

from complaints.models.boundary import DistrictBoundary
from complaints.models.bulk_step import BulkStep
from complaints.models.complaint import Complaint
from complaints.models.event import ComplaintEvent
from complaints.models.imports import Import
from complaints.models.receipt import IntakeReceipt
from complaints.models.reference import Agency, City, ComplaintType, District
from complaints.models.reporter import Reporter

__all__ = [
    "Agency",
    "BulkStep",
    "City",
    "Complaint",
    "ComplaintEvent",
    "ComplaintType",
    "District",
    "DistrictBoundary",
    "Import",
    "IntakeReceipt",
    "Reporter",
]
