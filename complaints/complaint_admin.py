"""Complaints in the admin: the queues, one complaint's page, and what is done with many."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet, URLField
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateTimeFilter
from unfold.decorators import display

from complaints import lifecycle
from complaints.access import worked_by
from complaints.desk.bulk import MOST_ROWS, ask
from complaints.desk.corrections import CORRECTED, ComplaintForm
from complaints.desk.lists import QUEUE, Paginator, QueueList, paginator_of
from complaints.desk.page import page_of
from complaints.desk.queues import counts, queues_of
from complaints.desk.search import found
from complaints.desk.step_views import StepViews
from complaints.desk.words import ago, due
from complaints.exports import csv_file, private_csv_file
from complaints.models import BulkStep, Complaint
from complaints.models.complaint import ComplaintQuerySet
from complaints.phrases import chance_in_words
from smart311.admin_lists import CountedOnce

KEPT = (
    *("public_id", "city", "created_at", "latitude", "longitude", "status", "closed_at"),
    *("updated_at", "observed_at", "cell", "source", "external_id", "public_description"),
    "attributes",
)


@admin.register(Complaint)
class ComplaintAdmin(CountedOnce, StepViews, ModelAdmin):  # type: ignore[misc]
    list_display = ("what", "where", "agency", "state", "filed", "due", "risk")
    list_filter = (
        "status",
        ("complaint_type", AutocompleteSelectFilter),
        ("agency", AutocompleteSelectFilter),
        ("district", AutocompleteSelectFilter),
        ("created_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_select_related = ("complaint_type", "agency", "district")
    list_before_template = "complaints/desk/queues.html"
    search_fields = ("public_id__startswith", "external_id__startswith")
    search_help_text = "Beginning of a public or external id, or words"
    # Rendering a row takes the web process longer than finding it takes the database.
    list_per_page = 25
    show_facets = admin.ShowFacets.NEVER
    # One complaint --------------------------------------------------------------------------
    form = ComplaintForm
    autocomplete_fields = ("complaint_type",)
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    change_form_template = "complaints/desk/complaint.html"
    fieldsets = (
        ("Correct what was told", {"fields": (*CORRECTED, "seen"), "classes": ("collapse",)}),
        ("Everything that is stored", {"fields": KEPT, "classes": ("collapse",)}),
    )
    # Status, agency and closing time change through steps, never by a form; the cell belongs to
    # the coordinates.
    readonly_fields = KEPT
    actions = ("assign", "close", "mark_duplicates", "unlink", "export", "export_private")

    # The list ----------------------------------------------------------------------------------

    @display(description="Complaint", header=True)  # type: ignore[untyped-decorator]
    def what(self, complaint: Complaint) -> list[str]:
        name = complaint.complaint_type.name
        more = f" · {complaint.descriptor}" if complaint.descriptor else ""
        return [name, f"{complaint.public_id}{more}"]

    @display(description="Where")  # type: ignore[untyped-decorator]
    def where(self, complaint: Complaint) -> str:
        return complaint.address or (complaint.district.name if complaint.district else "–")

    @display(  # type: ignore[untyped-decorator]
        description="Status",
        label={"Open": "info", "In progress": "warning", "Closed": "success"},
    )
    def state(self, complaint: Complaint) -> str:
        return complaint.get_status_display()

    @display(description="Filed", ordering="created_at")  # type: ignore[untyped-decorator]
    def filed(self, complaint: Complaint) -> SafeString:
        return _in_one_line(ago(complaint.created_at, timezone.now()))

    @display(description="Due", ordering="deadline_at")  # type: ignore[untyped-decorator]
    def due(self, complaint: Any) -> SafeString | str:
        if not complaint.is_open:
            return "–"
        now = timezone.now()
        is_late = complaint.deadline_at is not None and complaint.deadline_at <= now
        return _in_one_line(due(complaint.deadline_at, now), "desk-late" if is_late else "")

    @display(description="Risk", ordering="risk")  # type: ignore[untyped-decorator]
    def risk(self, complaint: Any) -> SafeString | str:
        return "–" if complaint.risk is None else _in_one_line(chance_in_words(complaint.risk))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[QueueList]:
        return QueueList

    def get_paginator(
        self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any
    ) -> Paginator:
        return paginator_of(request, queryset, per_page)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return found(cast(ComplaintQuerySet, queryset), search_term), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        tabs = self._tabs(request) if request.method == "GET" else []
        response: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "queue_tabs": tabs}
        )
        return response

    def _tabs(self, request: HttpRequest) -> list[dict[str, Any]]:
        user = cast(User, request.user)
        waiting = counts(user, timezone.now())
        current = request.GET.get(QUEUE) or ("all" if request.GET.get("q") else "open")
        return [
            {
                "name": queue.name,
                "title": queue.title,
                "told": queue.told,
                "address": f"?{urlencode({QUEUE: queue.name})}",
                "is_current": queue.name == current,
                "count": queue.in_words(waiting[queue.name]) if queue.is_counted else None,
            }
            for queue in queues_of(user)
        ]

    # What is done with many --------------------------------------------------------------------

    def has_export_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("complaints.export_private_fields")

    @admin.action(description="Assign …", permissions=["change"])
    def assign(self, request: HttpRequest, chosen: ComplaintQuerySet) -> HttpResponse | None:
        return self._ask(request, chosen, BulkStep.Kind.ASSIGN)

    @admin.action(description="Close …", permissions=["change"])
    def close(self, request: HttpRequest, chosen: ComplaintQuerySet) -> HttpResponse | None:
        return self._ask(request, chosen, BulkStep.Kind.CLOSE)

    @admin.action(description="Mark as duplicates …", permissions=["change"])
    def mark_duplicates(
        self, request: HttpRequest, chosen: ComplaintQuerySet
    ) -> HttpResponse | None:
        return self._ask(request, chosen, BulkStep.Kind.DUPLICATE)

    @admin.action(description="Not duplicates …", permissions=["change"])
    def unlink(self, request: HttpRequest, chosen: ComplaintQuerySet) -> HttpResponse | None:
        return self._ask(request, chosen, BulkStep.Kind.UNLINK)

    @admin.action(description="Export as CSV", permissions=["change"])
    def export(self, request: HttpRequest, chosen: ComplaintQuerySet) -> HttpResponseBase | None:
        if (keys := self._keys(request, chosen)) is None:
            return None
        self.log_change(request, chosen[0], f"Exported: {len(keys)} rows.")
        return _download(csv_file(_these(keys)), "complaints.csv")

    @admin.action(description="Export with private fields (CSV)", permissions=["export"])
    def export_private(
        self, request: HttpRequest, chosen: ComplaintQuerySet
    ) -> HttpResponseBase | None:
        if (keys := self._keys(request, chosen)) is None:
            return None
        self.log_change(request, chosen[0], f"Exported with private fields: {len(keys)} rows.")
        return _download(private_csv_file(_these(keys)), "complaints-private.csv")

    def _ask(
        self, request: HttpRequest, chosen: ComplaintQuerySet, kind: str
    ) -> HttpResponse | None:
        if (keys := self._keys(request, chosen)) is None:
            return None
        step = ask(kind, keys, cast(User, request.user))
        return redirect("admin:complaints_bulkstep_change", step.pk)

    def _keys(self, request: HttpRequest, chosen: ComplaintQuerySet) -> list[int] | None:
        """The chosen ones; None, and a message, if they are too many."""
        keys = list(chosen.values_list("pk", flat=True)[: MOST_ROWS + 1])
        if 0 < len(keys) <= MOST_ROWS:
            return keys
        told = f"Up to {MOST_ROWS:,} can be chosen at once; narrow the list first."
        self.message_user(request, told if keys else "Nothing was chosen.", messages.ERROR)
        return None

    # Who may what ------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Complaint]:
        # Behind the login there are only members of staff.
        return worked_by(
            cast(User, request.user), cast(ComplaintQuerySet, super().get_queryset(request))
        )

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Complaint | None:
        if request.method == "POST" and object_id.isdecimal():
            # The admin saves in a transaction: whoever changes it at the same time waits.
            Complaint.objects.select_for_update().filter(pk=object_id).first()
        found: Complaint | None = super().get_object(request, object_id, from_field)
        return found

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        complaint, now = context["original"], timezone.now()
        rows = Complaint.objects.with_risk(now).select_related(
            "city", "complaint_type", "agency", "district", "duplicate_of", "reporter"
        )
        seen = rows.get(pk=complaint.pk)
        context |= {"page": page_of(seen, cast(User, request.user), now)}
        response: HttpResponse = super().render_change_form(request, context, *args, **kwargs)
        return response

    def save_model(self, request: HttpRequest, obj: Complaint, form: Any, change: bool) -> None:
        values = {name: form.cleaned_data[name] for name in form.changed_data if name in CORRECTED}
        if values:
            # As it is stored: the form's own object has the new values already.
            stored = Complaint.objects.select_related("city").get(pk=obj.pk)
            lifecycle.change(stored, values, cast(User, request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _these(keys: list[int]) -> ComplaintQuerySet:
    return Complaint.objects.filter(pk__in=keys).order_by("-created_at", "-id")


def _download(lines: Iterator[bytes], name: str) -> StreamingHttpResponse:
    return StreamingHttpResponse(
        lines,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


def _in_one_line(text: str, more: str = "") -> SafeString:
    return format_html('<span class="desk-line {}">{}</span>', more, text)
