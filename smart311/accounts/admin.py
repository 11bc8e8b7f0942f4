from typing import Any

from axes.models import AccessAttempt
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from smart311.accounts.audit_admin import LogEntryAdmin
from smart311.accounts.forms import ApiKeyForm
from smart311.accounts.models import ApiKey

# This app's admin is loaded last: it takes the place of what others registered.
from smart311.task_admin import TaskAdmin

__all__ = ["LogEntryAdmin", "TaskAdmin"]

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):  # type: ignore[misc, type-arg]
    """Accounts. Who is no superuser can neither make one nor touch one."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "is_staff", "is_active", "last_login")
    list_filter = ("is_active", "is_staff", "groups")

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        rows: QuerySet[User] = super().get_queryset(request)
        return rows if request.user.is_superuser else rows.filter(is_superuser=False)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        found: tuple[str, ...] = tuple(super().get_readonly_fields(request, obj))
        if request.user.is_superuser:
            return found
        return (*found, "is_superuser", "user_permissions")


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):  # type: ignore[misc]
    """Roles are renewed at each migration; groups of other names are left alone.

    A group could hold any permission, so only superusers change one.
    """

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_add_permission = has_change_permission
    has_delete_permission = has_change_permission


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):  # type: ignore[misc]
    """Keys: made once, shown once, revoked, never deleted."""

    form = ApiKeyForm
    list_display = ("name", "user", "state", "created", "expiry", "last_used_at")
    list_filter = (("user", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("user",)
    search_fields = ("name", "user__username")
    actions = ("revoke",)
    fields = ("name", "user", "days")
    shown = ("name", "user", "state", "created", "expiry", "last_used_at", "revoked_at")

    @display(description="State")  # type: ignore[untyped-decorator]
    def state(self, key: ApiKey) -> str:
        return key.state_at(timezone.now())

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.shown if obj else self.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.shown if obj else ()

    def formfield_for_foreignkey(self, field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if field.name == "user":
            # A key acts as its owner.
            owners = User.objects.filter(is_active=True).order_by("username")
            kwargs["queryset"] = (
                owners if request.user.is_superuser else owners.filter(is_superuser=False)
            )
        return super().formfield_for_foreignkey(field, request, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: ApiKey, form: ModelForm[ApiKey], change: bool
    ) -> None:
        request.made_key = obj.issue(form.cleaned_data["lasts"])  # type: ignore[attr-defined]

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Shown at once and not by way of a message, which a session might store."""
        context = {
            **self.admin_site.each_context(request),
            "title": "API key",
            "key": obj,
            "secret": request.made_key,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "accounts/made_key.html", context)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("accounts.change_apikey"))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Revoke", permissions=["revoke"])
    def revoke(self, request: HttpRequest, chosen: QuerySet[ApiKey]) -> None:
        now = timezone.now()
        for key in chosen:
            key.revoke(now)
            self.log_change(request, key, "Revoked.")
        self.message_user(request, f"{len(chosen)} keys are refused from now on.")


@admin.register(AccessAttempt)
class AccessAttemptAdmin(ModelAdmin):  # type: ignore[misc]
    """Failed logins; deleting those of an address lets it try again."""

    list_display = ("attempt_time", "ip_address", "username", "failures_since_start")
    search_fields = ("ip_address", "username")
    fields = ("attempt_time", "ip_address", "username", "user_agent", "failures_since_start")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
