from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from predictions.models import ModelVersion


@admin.register(ModelVersion)
class ModelVersionAdmin(ModelAdmin):  # type: ignore[misc]
    list_display = ("version", "city", "status", "as_of", "trained_at", "activated_at")
    list_filter = ("status", "city")
    list_select_related = ("city",)
    exclude = ("onnx", "header")
    actions = ("activate",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return ModelVersion.objects.without_bytes().defer("header")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description="Let this version serve", permissions=["view"])
    def activate(self, request: HttpRequest, chosen: QuerySet[ModelVersion]) -> None:
        if chosen.count() != 1:
            self.message_user(request, "Choose one version.", messages.ERROR)
            return
        version = ModelVersion.objects.get(pk=chosen.get().pk)
        try:
            version.activate()
        except ValueError as error:
            self.message_user(request, str(error), messages.ERROR)
        else:
            self.message_user(request, f"{version.version} serves now.")
