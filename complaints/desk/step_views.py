"""Pages that do something to one complaint, mixed into its admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path

from complaints import lifecycle
from complaints.access import worked_by, works_on
from complaints.desk.page import told
from complaints.desk.steps import (
    BY_NAME,
    ChangedMeanwhile,
    Step,
    StepForm,
    since,
    take,
    version_of,
)
from complaints.erasure import erase_one
from complaints.models import Complaint, Reporter

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    Base = ModelAdmin[Complaint]
else:
    Base = object


class StepViews(Base):
    """Steps, the reporter, erasure."""

    def get_urls(self) -> list[URLPattern]:
        """Those of the admin, and ours before them."""

        def path_to(route: str, view: Any, name: str) -> URLPattern:
            wrapped: Any = self.admin_site.admin_view(view)
            found: URLPattern = path(
                f"<int:key>/{route}/", wrapped, name=f"complaints_complaint_{name}"
            )
            return found

        return [
            path_to("step/<slug:name>", self.step_view, "step"),
            path_to("reporter", self.reporter_view, "reporter"),
            path_to("erase", self.erase_view, "erase"),
            *super().get_urls(),
        ]

    def step_view(self, request: HttpRequest, key: int, name: str) -> HttpResponse:
        """Take a step; where that cannot be, say why, with all that was typed."""
        complaint, user = self._theirs(request, key), cast(User, request.user)
        step = BY_NAME.get(name)
        if step is None:
            raise Http404
        if request.method != "POST":
            return self._step_page(request, step, step.form(complaint))
        form = step.form(complaint, request.POST)
        if not form.is_valid():
            return self._step_page(request, step, form)
        try:
            take(step, complaint, form.cleaned_data, user)
        except (ChangedMeanwhile, lifecycle.WrongState) as error:
            again = step.form(complaint, {**request.POST.dict(), "seen": version_of(complaint)})
            events = [
                told(event, complaint) for event in since(complaint, form.cleaned_data["seen"])
            ]
            trouble = str(error) or "Somebody else changed this complaint after you had opened it."
            return self._step_page(request, step, again, 409, trouble=trouble, meanwhile=events)
        self.message_user(request, f"{step.title}: done.")
        mine = worked_by(user, Complaint.objects.all()).filter(pk=key).exists()
        where = "change" if mine else "changelist"
        return redirect(f"admin:complaints_complaint_{where}", *([key] if mine else []))

    def _step_page(
        self, request: HttpRequest, step: Step, form: StepForm, status: int = 200, **more: Any
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": step.title,
            "step": step,
            "form": form,
            "complaint": form.complaint,
            **more,
        }
        return TemplateResponse(request, "complaints/desk/step.html", context, status=status)

    def reporter_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Who filed it. Asked for by a button, so that each look is one, and on record."""
        complaint = self._theirs(request, key)
        if not request.user.has_perm("complaints.view_reporter"):
            raise PermissionDenied
        if request.method != "POST":
            return redirect("admin:complaints_complaint_change", key)
        self.log_change(request, complaint, "Looked who filed it.")
        context = {
            **self.admin_site.each_context(request),
            "title": "Reporter",
            "complaint": complaint,
            "reporter": Reporter.objects.filter(complaint=complaint).first(),
        }
        return TemplateResponse(
            request,
            "complaints/desk/reporter.html",
            context,
            headers={"Cache-Control": "no-store"},
        )

    def erase_view(self, request: HttpRequest, key: int) -> HttpResponse:
        """Forget who filed it and what was written in private."""
        complaint = self._theirs(request, key)
        if not request.user.has_perm("complaints.delete_reporter"):
            raise PermissionDenied
        if request.method == "POST":
            erase_one(complaint, cast(User, request.user))
            self.log_change(request, complaint, "Erased personal data.")
            self.message_user(request, "Personal data are erased.")
        return redirect("admin:complaints_complaint_change", key)

    def _theirs(self, request: HttpRequest, key: int) -> Complaint:
        """The complaint, if this person works on it. Raises Http404, PermissionDenied."""
        rows = self.get_queryset(request).select_related("city", "complaint_type", "agency")
        complaint: Complaint = get_object_or_404(rows, pk=key)
        if not works_on(cast(User, request.user), complaint):
            raise PermissionDenied
        return complaint
