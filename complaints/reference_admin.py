"""Cities, agencies, types and districts in the admin, by form and by file."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.postgres.forms import SimpleArrayField
from django.db.models import TextField
from django.forms import CharField, ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from import_export.admin import ImportExportModelAdmin
from unfold.admin import ModelAdmin
from unfold.contrib.import_export.forms import ExportForm, ImportForm
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget

from complaints.desk.attributes import AttributeFormSet, initial_of, stored_of
from complaints.models import Agency, City, ComplaintType, District
from complaints.reference_files import (
    AgencyResource,
    CityResource,
    ComplaintTypeResource,
    DistrictResource,
)


class ByFile(ModelAdmin, ImportExportModelAdmin):  # type: ignore[misc]
    """An admin whose rows can be downloaded and uploaded: shown first, then stored, or refused."""

    import_form_class = ImportForm
    export_form_class = ExportForm


@admin.register(City)
class CityAdmin(ByFile):
    resource_classes = (CityResource,)
    list_display = ("name", "slug", "time_zone", "jurisdiction_id", "description_policy")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # A change has to renew the stored texts: manage.py redact_descriptions --policy.
        return ("description_policy",) if obj else ()


@admin.register(Agency)
class AgencyAdmin(ByFile):
    resource_classes = (AgencyResource,)
    list_display = ("code", "name", "city")
    list_filter = ("city",)
    list_select_related = ("city",)
    search_fields = ("code", "name")
    filter_horizontal = ("staff",)


class LinesField(SimpleArrayField):
    """Several texts, one a line: names may have commas."""

    def __init__(self, max_length: int, help_text: str) -> None:
        super().__init__(
            CharField(max_length=max_length),
            delimiter="\n",
            required=False,
            help_text=help_text,
            widget=UnfoldAdminTextareaWidget(attrs={"rows": 4}),
        )

    def to_python(self, value: Any) -> Any:
        """Without empty lines."""
        if isinstance(value, str):
            value = "\n".join(line for line in value.splitlines() if line.strip())
        return super().to_python(value)


class ComplaintTypeForm(ModelForm[ComplaintType]):
    aliases = LinesField(200, "Other names, one a line; no other type may have them")
    keywords = LinesField(100, "One a line")

    class Meta:
        model = ComplaintType
        # The admin chooses them; attributes have a page of their own.
        fields: tuple[str, ...] = ()


@admin.register(ComplaintType)
class ComplaintTypeAdmin(ByFile):
    resource_classes = (ComplaintTypeResource,)
    form = ComplaintTypeForm
    list_display = ("name", "code", "group", "agency", "is_active")
    list_filter = ("is_active", "group", "city")
    list_select_related = ("agency",)
    search_fields = ("name", "code")
    autocomplete_fields = ("agency",)
    fields = (
        *("city", "code", "name", "aliases", "group", "keywords", "agency"),
        *("promised_hours", "is_active"),
    )
    actions_detail = ("attributes",)
    formfield_overrides = {TextField: {"widget": UnfoldAdminTextareaWidget}}

    @action(description="Open311 attributes", permissions=["change"], icon="list_alt")  # type: ignore[untyped-decorator]
    def attributes(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What a client asks for with this type, as a form."""
        kind = self.get_object(request, object_id)
        if kind is None:
            raise Http404
        forms = AttributeFormSet(
            request.POST if request.method == "POST" else None,
            initial=initial_of(kind.attribute_definitions),
        )
        back = reverse("admin:complaints_complainttype_change", args=[object_id])
        if request.method == "POST" and forms.is_valid():
            kind.attribute_definitions = stored_of(forms)
            kind.save(update_fields=["attribute_definitions"])
            self.log_change(request, kind, "Changed the Open311 attributes.")
            self.message_user(request, f"{len(kind.attribute_definitions)} attributes are stored.")
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Open311 attributes: {kind.name}",
            "forms": forms,
            "back": back,
        }
        return TemplateResponse(request, "complaints/desk/attributes.html", context)


@admin.register(District)
class DistrictAdmin(ByFile):
    resource_classes = (DistrictResource,)
    list_display = ("name", "code", "kind", "parent")
    list_filter = ("kind", "city")
    list_select_related = ("parent",)
    search_fields = ("name", "code")
    autocomplete_fields = ("parent",)
