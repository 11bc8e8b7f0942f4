"""Imports in the admin: upload a file or name a dataset, follow it, read what was odd."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from complaints.import_views import requested
from complaints.models import Import
from complaints.opendata.checks import CHECKS
from complaints.opendata.mapping import mappings
from complaints.opendata.portals import Dataset, PortalError, check_host
from complaints.tasks import run_import

ASKED = ("file", "name", "city", "mapping", "since", "observed_at")
SHOWN = (
    *("name", "city", "mapping", "status", "progress", "error", "since", "observed_at", "sha256"),
    *("requested_by", "created_at", "started_at", "finished_at", "counted", "oddities", "download"),
)


class ImportForm(forms.ModelForm[Import]):
    """A file or a dataset."""

    name = forms.CharField(
        required=False,
        max_length=200,
        label="Portal's dataset",
        help_text="Instead of a file: HOST/4x4, such as data.cityofnewyork.us/erm2-nwe9",
        widget=UnfoldAdminTextInputWidget,
    )
    mapping = forms.ChoiceField(
        required=False,
        help_text="Empty: told by the columns",
        choices=(),
        widget=UnfoldAdminSelectWidget,
    )

    class Meta:
        model = Import
        fields = ASKED

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if mapping := self.fields.get("mapping"):
            known = [(name, one.title) for name, one in mappings().items()]
            cast(forms.ChoiceField, mapping).choices = [("", "—"), *known]

    def clean(self) -> dict[str, Any]:
        """One of the two, and a host on the list."""
        values = super().clean() or {}
        if bool(values.get("file")) == bool(values.get("name")):
            raise ValidationError("Choose a file or name a portal's dataset, and not both.")
        if values.get("name"):
            try:
                check_host(Dataset.named(values["name"]).host)
            except PortalError as error:
                raise ValidationError({"name": str(error)}) from error
        return values


@admin.register(Import)
class ImportAdmin(ModelAdmin):  # type: ignore[misc]
    form = ImportForm
    change_form_template = "complaints/desk/import.html"
    list_display = ("name", "city", "status", "done", "created_at", "finished_at")
    list_filter = ("status", "city")
    list_select_related = ("city",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Import]:
        return Import.objects.without_files()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return SHOWN if obj else ASKED

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return SHOWN if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: Import, form: forms.ModelForm[Import], change: bool
    ) -> None:
        chosen = {name: value for name, value in form.cleaned_data.items() if value}
        if name := chosen.pop("name", None):
            chosen["portal"] = name
        made = requested(chosen, cast(User, request.user).pk)
        # The form's own object becomes the row that was made, or found to go on with.
        obj.__dict__.update(made.__dict__)
        run_import.enqueue(made.pk)

    @admin.display(description="done")
    def done(self, run: Import) -> str:
        return f"{run.progress:.0%}" if run.origin == Import.Origin.FILE else _rows(run)

    @admin.display(description="Rows")
    def counted(self, run: Import) -> SafeString | str:
        counts = ((rows, name) for name, rows in run.counts.items() if isinstance(rows, int))
        return format_html_join("", "<p>{} {}</p>", counts) or "–"

    @admin.display(description="What was odd")
    def oddities(self, run: Import) -> SafeString | str:
        found = (
            (run.report[check]["rows"], title, ", ".join(run.report[check]["examples"]))
            for check, title in CHECKS.items()
            if run.report.get(check, {}).get("rows")
        )
        return format_html_join("", "<p>{} {} ({})</p>", found) or "–"

    @admin.display(description="Rejected rows")
    def download(self, run: Import) -> SafeString | str:
        if not run.counts.get("rejected"):
            return "–"
        return format_html('<a href="/api/v1/imports/{}/rejects.csv">Download</a>', run.pk)


def _rows(run: Import) -> str:
    return f"{run.checkpoint.get('offset', 0):,} rows"
