from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from complaints.bulk_admin import BulkStepAdmin
from complaints.complaint_admin import ComplaintAdmin
from complaints.import_admin import ImportAdmin
from complaints.models import Agency, City, ComplaintType, District

__all__ = ["BulkStepAdmin", "ComplaintAdmin", "ImportAdmin"]


@admin.register(City)
class CityAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("name", "slug", "time_zone", "jurisdiction_id", "description_policy")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # A change has to renew the stored texts: manage.py redact_descriptions --policy.
        return ("description_policy",) if obj else ()


@admin.register(Agency)
class AgencyAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("code", "name", "city")
    list_select_related = ("city",)
    search_fields = ("code", "name")
    filter_horizontal = ("staff",)


@admin.register(ComplaintType)
class ComplaintTypeAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("name", "code", "group", "agency", "is_active")
    list_filter = ("is_active", "group")
    list_select_related = ("agency",)
    search_fields = ("name", "code")
    autocomplete_fields = ("agency",)


@admin.register(District)
class DistrictAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("name", "code", "kind", "parent")
    list_filter = ("kind",)
    list_select_related = ("parent",)
    search_fields = ("name", "code")
