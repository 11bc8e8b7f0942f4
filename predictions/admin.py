from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminTextInputWidget

from predictions.models import ModelVersion
from predictions.registry import ReasonNeeded, Unfit, activate, roll_back


class ActionWithReasonForm(ActionForm):  # type: ignore[misc]
    reason = forms.CharField(
        required=False,
        max_length=500,
        label="",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Reason, kept with the version"}),
    )


@admin.register(ModelVersion)
class ModelVersionAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("version", "city", "status", "as_of", "trained_at", "activated_at", "gate")
    list_filter = ("status", "city")
    list_select_related = ("city",)
    fields = (
        *("version", "city", "status", "as_of", "trained_at", "activated_at", "sha256"),
        *("verdict_table", "history_table", "metrics"),
    )
    readonly_fields = ("verdict_table", "history_table")
    actions = ("activate", "roll_back")
    action_form = ActionWithReasonForm

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return ModelVersion.objects.without_bytes()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_activate_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("predictions.activate_modelversion")

    @admin.display(description="gate", boolean=True)
    def gate(self, version: ModelVersion) -> bool | None:
        passed: bool | None = version.verdict.get("passed")
        return passed

    @admin.display(description="What the gate found")
    def verdict_table(self, version: ModelVersion) -> SafeString | str:
        if not version.verdict:
            return "It was never before the gate."
        rows = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            (
                ("✓" if check["passed"] else "✗", check["name"], check["got"], check["expected"])
                for check in version.verdict["checks"]
            ),
        )
        return format_html(
            "<p>Tested: {}. Against: {}.</p><table><thead><tr><th></th><th>Check</th><th>Got</th>"
            "<th>Expected</th></tr></thead><tbody>{}</tbody></table>",
            version.verdict["tested"],
            version.verdict["against"],
            rows,
        )

    @admin.display(description="History")
    def history_table(self, version: ModelVersion) -> SafeString | str:
        lines = ((e["at"], e["act"], e["by"], e["reason"] or "–") for e in version.history)
        return format_html_join("", "<p>{}: {} by {} ({})</p>", lines) or "–"

    @admin.action(description="Let this version serve", permissions=["activate"])
    def activate(self, request: HttpRequest, chosen: QuerySet[ModelVersion]) -> None:
        if version := self._only(request, chosen):
            try:
                activate(version, by=request.user.get_username(), reason=_reason(request))
            except (ReasonNeeded, Unfit) as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"{version.version} serves now.")

    @admin.action(description="Withdraw, back to the one before", permissions=["activate"])
    def roll_back(self, request: HttpRequest, chosen: QuerySet[ModelVersion]) -> None:
        if version := self._only(request, chosen):
            try:
                before = roll_back(version, request.user.get_username(), _reason(request))
            except ValueError as error:
                self.message_user(request, str(error), messages.ERROR)
            else:
                self.message_user(request, f"{before.version} serves again.")

    def _only(self, request: HttpRequest, chosen: QuerySet[ModelVersion]) -> ModelVersion | None:
        if chosen.count() != 1:
            self.message_user(request, "Choose one version.", messages.ERROR)
            return None
        return ModelVersion.objects.get(pk=chosen.get().pk)


def _reason(request: HttpRequest) -> str:
    return request.POST.get("reason", "")[:500]
