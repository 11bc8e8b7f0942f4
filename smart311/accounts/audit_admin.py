"""Who did what in the admin: read by managers, changed by nobody."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpRequest
from django.urls import NoReverseMatch
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from smart311.admin_lists import CountedOnce


@admin.register(LogEntry)
class LogEntryAdmin(CountedOnce, ModelAdmin):  # type: ignore[misc]
    """The audit log, the newest first. Each complaint's own history has what happened to it."""

    list_display = ("action_time", "user", "told", "what", "content_type")
    list_filter = (
        "action_flag",
        ("user", admin.RelatedOnlyFieldListFilter),
        ("action_time", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_select_related = ("user", "content_type")
    list_per_page = 50
    search_fields = ("object_repr", "change_message", "user__username")
    fields = ("action_time", "user", "action_flag", "content_type", "object_repr", "told")
    readonly_fields = fields

    @display(description="Done")  # type: ignore[untyped-decorator]
    def told(self, entry: LogEntry) -> str:
        return entry.get_change_message() or entry.get_action_flag_display()

    @display(description="To")  # type: ignore[untyped-decorator]
    def what(self, entry: LogEntry) -> SafeString | str:
        try:
            address = entry.get_admin_url()
        except NoReverseMatch:
            address = None
        if not address or entry.is_deletion():
            return entry.object_repr
        return format_html('<a class="desk-link" href="{}">{}</a>', address, entry.object_repr)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
