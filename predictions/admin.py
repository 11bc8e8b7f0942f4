from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.decorators import action, display
from unfold.forms import ActionForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from complaints.models import City
from complaints.phrases import moment_in_words
from predictions.admin_home import model_cards
from predictions.calibration_plots import calibration_plot, reliability_plot
from predictions.model_life import ask_for_training, lived
from predictions.models import ModelVersion, ModelVersionQuerySet
from predictions.registry import ReasonNeeded, Unfit, activate, roll_back
from predictions.reliability import FEWEST, reliability_of, tested_reliability
from smart311.confirming import ask

NOT_TESTED = "Its test has no chances to compare."
NOT_LIVED = f"Fewer than {FEWEST} of its promises can be compared with what came; it takes a day."


class ActionWithReasonForm(ActionForm):  # type: ignore[misc]
    reason = forms.CharField(
        required=False,
        max_length=500,
        label="",
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": "Reason, kept with the version"}),
    )


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label="Reason, kept with the version",
        required=False,
        max_length=500,
        widget=UnfoldAdminTextInputWidget,
    )


class CityForm(forms.Form):
    city = forms.ModelChoiceField(
        City.objects.all(), empty_label=None, widget=UnfoldAdminSelectWidget
    )


def activate_version(version: ModelVersion, by: str, reason: str) -> None:
    activate(version, by=by, reason=reason)


@admin.register(ModelVersion)
class ModelVersionAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = (
        *("version", "city", "state", "as_of", "gate", "error", "brier", "coverage", "rank"),
        "lived",
    )
    list_per_page = 20
    list_before_template = "predictions/model_health.html"
    list_filter = ("status", "city")
    list_select_related = ("city",)
    fields = (
        *("version", "city", "status", "as_of", "trained_at", "activated_at", "pruned_at"),
        "sha256",
        *("verdict_table", "tested", "chances", "came_true", "history_table", "metrics"),
    )
    readonly_fields = (
        "pruned_at",
        "verdict_table",
        "tested",
        "chances",
        "came_true",
        "history_table",
    )
    actions = ("activate", "roll_back")
    actions_detail = ("serve", "withdraw")
    actions_list = ("retrain",)
    action_form = ActionWithReasonForm

    def get_queryset(self, request: HttpRequest) -> ModelVersionQuerySet:
        return ModelVersion.objects.without_bytes()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_activate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("predictions.activate_modelversion")

    @display(  # type: ignore[untyped-decorator]
        description="Status",
        label={"Active": "success", "Refused": "danger", "Candidate": "warning"},
    )
    def state(self, version: ModelVersion) -> str:
        return version.get_status_display()

    @admin.display(description="Mean error, h")
    def error(self, version: ModelVersion) -> str:
        return _measured(version, "mae_hours", ".1f")

    @admin.display(description="Brier, 24 h")
    def brier(self, version: ModelVersion) -> str:
        return _measured(version, "brier_24", ".3f")

    @admin.display(description="In the 80 % range")
    def coverage(self, version: ModelVersion) -> str:
        return _measured(version, "coverage_80", ".0%")

    @admin.display(description="Concordance")
    def rank(self, version: ModelVersion) -> str:
        return _measured(version, "concordance", ".2f")

    @admin.display(description="Promises kept")
    def lived(self, version: ModelVersion) -> str:
        found = lived(version)
        return f"{found.kept:.0%} of {found.due:,}" if found else "–"

    @admin.display(description="Chances in its test")
    def tested(self, version: ModelVersion) -> SafeString | str:
        return reliability_plot(tested_reliability(version.metrics), NOT_TESTED)

    @admin.display(description="Chances it promised")
    def chances(self, version: ModelVersion) -> SafeString | str:
        return reliability_plot(reliability_of(version), NOT_LIVED)

    @admin.display(description="Ranges it promised")
    def came_true(self, version: ModelVersion) -> SafeString | str:
        found = lived(version)
        return calibration_plot(found) if found else "None has come due yet."

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        more = {
            "cards": model_cards(timezone.now()),
            "serving": [self._plots(version) for version in self.get_queryset(request).active()],
            "title": "Model versions",
        }
        response: HttpResponse = super().changelist_view(request, {**(extra_context or {}), **more})
        return response

    def _plots(self, version: ModelVersion) -> dict[str, Any]:
        return {
            "version": version,
            "plots": (
                ("What it said in its test, and what came true", self.tested(version)),
                ("What it promised, and what came true", self.chances(version)),
            ),
        }

    @action(description="Let it serve", permissions=["activate"], icon="play_arrow")  # type: ignore[untyped-decorator]
    def serve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; a reason is needed where the gate refused it."""
        question = "It answers forecasts within seconds. Where the gate refused it, say why."
        return self._decided(request, object_id, "Let it serve", question, activate_version)

    @action(description="Withdraw", permissions=["activate"], icon="undo")  # type: ignore[untyped-decorator]
    def withdraw(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; the version before serves again."""
        question = "The version that served before it takes over again."
        return self._decided(request, object_id, "Withdraw", question, roll_back)

    def _decided(
        self,
        request: HttpRequest,
        object_id: str,
        title: str,
        question: str,
        act: Callable[[ModelVersion, str, str], object],
    ) -> HttpResponse:
        version = get_object_or_404(ModelVersion, pk=object_id)
        back = reverse("admin:predictions_modelversion_change", args=[version.pk])
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            try:
                act(version, request.user.get_username(), form.cleaned_data["reason"])
            except ValueError as error:
                form.add_error("reason", str(error))
            else:
                self.log_change(request, version, f"{title}.")
                self.message_user(request, f"{version.version}: done.")
                return redirect(back)
        site = self.admin_site
        return ask(site, request, title=title, question=question, back=back, form=form)

    @action(description="Train a new version", permissions=["activate"], icon="model_training")  # type: ignore[untyped-decorator]
    def retrain(self, request: HttpRequest) -> HttpResponse:
        """Ask first; a worker trains, and the gate decides."""
        back = reverse("admin:predictions_modelversion_changelist")
        form = CityForm(request.POST if request.method == "POST" else None)
        if form.is_valid():
            told = ask_for_training(form.cleaned_data["city"], timezone.now())
            self.message_user(request, told)
            return redirect(back)
        question = "A worker trains it on all complaints; it serves if it passes the gate."
        site = self.admin_site
        return ask(
            site, request, title="Train a new version", question=question, back=back, form=form
        )

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
                (
                    "✓" if check["passed"] else "✗",
                    check["name"],
                    _rounded(check["got"]),
                    _rounded(check["expected"]),
                )
                for check in version.verdict["checks"]
            ),
        )
        return format_html(
            '<p>Tested: {}. Against: {}.</p><table class="desk-table"><thead><tr><th></th>'
            "<th>Check</th><th>Got</th><th>Expected</th></tr></thead><tbody>{}</tbody></table>",
            version.verdict["tested"],
            version.verdict["against"],
            rows,
        )

    @admin.display(description="History")
    def history_table(self, version: ModelVersion) -> SafeString | str:
        lines = (
            (
                _at(version.city, e["at"]),
                e["act"],
                e["by"],
                f" ({e['reason']})" if e["reason"] else "",
            )
            for e in version.history
        )
        return format_html_join("", "<p>{}: {} by {}{}</p>", lines) or "–"

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


def _rounded(value: Any) -> Any:
    """A figure with four digits that count; anything else as it is."""
    return f"{value:.4g}" if isinstance(value, float) else value


def _at(city: City, moment: str) -> str:
    return moment_in_words(city.localise(datetime.fromisoformat(moment)))


def _measured(version: ModelVersion, name: str, form: str) -> str:
    """A figure of the evaluation, or a dash where it has none."""
    overall = version.metrics.get("models", {}).get("forecast", {}).get("overall", {})
    value = overall.get(name)
    return "–" if value is None else format(value, form)
