"""What was done to many complaints at once: asked, confirmed, followed."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin
from unfold.decorators import display

from complaints.access import is_confined
from complaints.desk.bulk import AT_ONCE, FORMS, BulkForm, chosen, confirm, run
from complaints.models import BulkStep, Complaint
from complaints.tasks import run_bulk_step

SHOWN = 10


@admin.register(BulkStep)
class BulkStepAdmin(ModelAdmin):  # type: ignore[misc]
    """Everybody's own; managers see all."""

    list_display = ("kind", "chosen", "state", "changed", "asked_by", "asked_at", "finished_at")
    list_filter = ("kind", "status")
    list_select_related = ("asked_by",)
    list_per_page = 50

    @display(description="Chosen")  # type: ignore[untyped-decorator]
    def chosen(self, step: BulkStep) -> str:
        return f"{len(step.keys):,}"

    @display(  # type: ignore[untyped-decorator]
        description="Status",
        label={"Done": "success", "Failed": "danger", "Waiting": "warning"},
    )
    def state(self, step: BulkStep) -> str:
        return step.get_status_display()

    def get_queryset(self, request: HttpRequest) -> QuerySet[BulkStep]:
        rows: QuerySet[BulkStep] = super().get_queryset(request)
        user = cast(User, request.user)
        return rows.filter(asked_by=user) if is_confined(user) else rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The question, the wait or the outcome."""
        step = self.get_object(request, object_id)
        if step is None or not self.has_view_permission(request, step):
            raise Http404
        rows = chosen(step)
        first = rows.select_related("city", "complaint_type").first()
        is_asked = step.status == step.Status.ASKED and first and step.asked_by == request.user
        form = None
        if first and is_asked:
            form = FORMS[step.kind](first.city, request.POST if request.method == "POST" else None)
            if form.is_valid():
                return self._confirmed(request, step, form)
        return self._page(request, step, list(rows.with_names()[:SHOWN]), form)

    def _confirmed(self, request: HttpRequest, step: BulkStep, form: BulkForm) -> HttpResponse:
        if confirm(step, form.cleaned_data):
            self.log_change(request, step, f"Confirmed: {step}.")
            if len(step.keys) <= AT_ONCE:
                run(step.pk)
            else:
                run_bulk_step.enqueue(step.pk)
        return redirect("admin:complaints_bulkstep_change", step.pk)

    def _page(
        self, request: HttpRequest, step: BulkStep, rows: list[Complaint], form: BulkForm | None
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": str(step),
            "step": step,
            "rows": rows,
            "form": form,
            "more": max(len(step.keys) - len(rows), 0),
            "count": f"{len(step.keys):,}",
            "left_out": len(step.keys) - (step.changed or 0),
            "is_waiting": step.status == step.Status.WAITING,
        }
        return TemplateResponse(request, "complaints/desk/bulk.html", context)
