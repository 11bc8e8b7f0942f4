"""Background tasks in the admin: how many wait, what failed and why, and once more."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django_tasks import TaskResultStatus
from django_tasks_db.models import DBTaskResult
from unfold.admin import ModelAdmin
from unfold.decorators import action, display

from smart311.admin_lists import CountedOnce
from smart311.confirming import ask
from smart311.task_health import TaskHealth

admin.site.unregister(DBTaskResult)


@admin.register(DBTaskResult)
class TaskAdmin(CountedOnce, ModelAdmin):  # type: ignore[misc]
    """Kept for three days, failed ones for two weeks."""

    list_display = ("what", "state", "enqueued_at", "took", "answer")
    list_filter = ("status", "queue_name")
    ordering = ("-enqueued_at",)
    list_per_page = 50
    list_before_template = "smart311/task_health.html"
    fields = (
        *("what", "state", "arguments", "enqueued_at", "started_at", "finished_at", "took"),
        *("answer", "exception_class_path", "trace"),
    )
    readonly_fields = fields
    actions_detail = ("retry",)

    @display(description="Task", ordering="task_path")  # type: ignore[untyped-decorator]
    def what(self, task: DBTaskResult[Any, Any]) -> str:
        app, _, name = task.task_path.rpartition(".tasks.")
        return f"{name.replace('_', ' ')} ({app})" if app else task.task_path

    @display(  # type: ignore[untyped-decorator]
        description="Status",
        label={
            "Waiting": "info", "Running": "warning", "Done": "success", "Failed": "danger",
        },
    )  # fmt: skip
    def state(self, task: DBTaskResult[Any, Any]) -> str:
        words = {"READY": "Waiting", "RUNNING": "Running", "SUCCESSFUL": "Done", "FAILED": "Failed"}
        return words[task.status]

    @display(description="Took")  # type: ignore[untyped-decorator]
    def took(self, task: DBTaskResult[Any, Any]) -> str:
        if not task.started_at or not task.finished_at:
            return "–"
        return f"{(task.finished_at - task.started_at).total_seconds():.1f} s"

    @display(description="Answer")  # type: ignore[untyped-decorator]
    def answer(self, task: DBTaskResult[Any, Any]) -> str:
        if task.status == TaskResultStatus.FAILED:
            return str(task.exception_class_path)
        return "–" if task.return_value in (None, [], "") else str(task.return_value)[:200]

    @display(description="Called with")  # type: ignore[untyped-decorator]
    def arguments(self, task: DBTaskResult[Any, Any]) -> str:
        named = [f"{name}={value!r}" for name, value in task.args_kwargs["kwargs"].items()]
        return ", ".join([*map(repr, task.args_kwargs["args"]), *named]) or "–"

    @display(description="Traceback")  # type: ignore[untyped-decorator]
    def trace(self, task: DBTaskResult[Any, Any]) -> SafeString | str:
        if not task.traceback:
            return "–"
        return format_html('<pre class="desk-trace">{}</pre>', task.traceback)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        health = TaskHealth.now(timezone.now())
        response: HttpResponse = super().changelist_view(
            request, {**(extra_context or {}), "health": health, "title": "Background tasks"}
        )
        return response

    def has_retry_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        return bool(request.user.has_perm("django_tasks_database.change_dbtaskresult"))

    @action(description="Run it again", permissions=["retry"], icon="replay")  # type: ignore[untyped-decorator]
    def retry(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first, then enqueue it anew; the failed one stays for the record."""
        failed = self.get_object(request, object_id)
        if failed is None or failed.status != TaskResultStatus.FAILED:
            self.message_user(request, "Only what failed is run again.", messages.ERROR)
            return redirect("admin:django_tasks_database_dbtaskresult_changelist")
        back = reverse("admin:django_tasks_database_dbtaskresult_change", args=[object_id])
        if request.method != "POST":
            question = f"{self.what(failed)} is enqueued again with the same arguments."
            return ask(self.admin_site, request, title="Run it again", question=question, back=back)
        arguments = failed.args_kwargs
        try:
            result = failed.task.enqueue(*arguments["args"], **arguments["kwargs"])
        except (ImportError, SuspiciousOperation) as error:
            self.message_user(request, f"There is no such task any more: {error}", messages.ERROR)
            return redirect(back)
        self.log_change(request, failed, "Enqueued again.")
        self.message_user(request, "It waits for a worker.")
        return redirect("admin:django_tasks_database_dbtaskresult_change", result.id)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
