"""The form that a key is made with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from smart311.accounts.models import LASTS, LASTS_AT_MOST, ApiKey


class ApiKeyForm(forms.ModelForm[ApiKey]):
    """What a key is for, whose it is, and how long it lasts."""

    days = forms.IntegerField(
        label="Valid for days",
        min_value=1,
        max_value=LASTS_AT_MOST.days,
        initial=LASTS.days,
        widget=UnfoldAdminIntegerFieldWidget,
    )

    class Meta:
        model = ApiKey
        fields = ("name", "user")

    def clean(self) -> dict[str, Any]:
        """Days as a time span."""
        found = super().clean() or {}
        return {**found, "lasts": timedelta(days=found.get("days", LASTS.days))}
