"""What the admin knows of complaints, a module a subject."""

from complaints.bulk_admin import BulkStepAdmin
from complaints.complaint_admin import ComplaintAdmin
from complaints.import_admin import ImportAdmin
from complaints.reference_admin import AgencyAdmin, CityAdmin, ComplaintTypeAdmin, DistrictAdmin

__all__ = [
    "AgencyAdmin",
    "BulkStepAdmin",
    "CityAdmin",
    "ComplaintAdmin",
    "ComplaintTypeAdmin",
    "DistrictAdmin",
    "ImportAdmin",
]
