from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet, URLField
from django.http import HttpRequest, StreamingHttpResponse
from unfold.admin import ModelAdmin, TabularInline

from complaints.access import worked_by
from complaints.exports import private_csv_file
from complaints.import_admin import ImportAdmin
from complaints.models import (
    Agency,
    City,
    Complaint,
    ComplaintEvent,
    ComplaintType,
    District,
    Reporter,
)
from complaints.models.complaint import ComplaintQuerySet
from complaints.publication import rewrite

__all__ = ["ImportAdmin"]


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


class ReporterInline(TabularInline):  # type: ignore[misc]
    """Seen by those who may see reporters, erased by those who may; corrected by nobody."""

    model = Reporter
    fields = ("name", "email", "phone")
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ComplaintEventInline(TabularInline):  # type: ignore[misc]
    model = ComplaintEvent
    fields = ("occurred_at", "kind", "actor", "text", "is_public")
    readonly_fields = fields
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Complaint)
class ComplaintAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("public_id", "complaint_type", "agency", "district", "status", "created_at")
    list_filter = ("status", "agency")
    list_select_related = ("complaint_type", "agency", "district")
    search_fields = ("public_id__startswith", "external_id__startswith")
    search_help_text = "Beginning of a public or external id"
    ordering = ("-created_at", "-id")
    list_per_page = 50
    # Counting every row of a large table takes longer than showing a page of it.
    show_full_result_count = False
    autocomplete_fields = ("complaint_type", "agency", "district")
    raw_id_fields = ("duplicate_of",)
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    # Status and closing time change through the model's own methods, never by a form; the cell
    # belongs to the coordinates.
    readonly_fields = (
        "public_id",
        "city",
        "created_at",
        "latitude",
        "longitude",
        "status",
        "closed_at",
        "updated_at",
        "observed_at",
        "cell",
        "source",
        "external_id",
        "promised_median_hours",
        "promised_p10_hours",
        "promised_p90_hours",
        "promised_by",
        "public_description",
        "as_filed",
    )
    inlines = (ReporterInline, ComplaintEventInline)
    actions = ("export_private",)

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("complaints.export_private_fields")

    @admin.action(description="Export with private fields (CSV)", permissions=["export"])
    def export_private(
        self, request: HttpRequest, chosen: ComplaintQuerySet
    ) -> StreamingHttpResponse:
        self.log_change(request, chosen[0], f"Exported with private fields: {chosen.count()} rows.")
        return StreamingHttpResponse(
            private_csv_file(chosen),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": 'attachment; filename="complaints-private.csv"',
                "Cache-Control": "no-store",
            },
        )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Complaint]:
        # Behind the login there are only members of staff.
        return worked_by(cast(User, request.user), super().get_queryset(request))

    def save_model(self, request: HttpRequest, obj: Complaint, form: Any, change: bool) -> None:
        # What the public reads follows from what staff write.
        rewrite(obj, {name: form.cleaned_data[name] for name in form.changed_data})
        super().save_model(request, obj, form, change)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
