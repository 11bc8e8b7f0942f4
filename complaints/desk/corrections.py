"""The form that staff correct a complaint with."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime

from complaints.desk.page import told
from complaints.desk.steps import since, version_of
from complaints.models import Complaint

CORRECTED = (
    *("complaint_type", "descriptor", "location_type", "description", "address", "zip"),
    *("channel", "media_url", "due_at", "resolution"),
)


class ComplaintForm(forms.ModelForm[Complaint]):
    """What was told of it. Whoever opened an older state of it is told what changed since."""

    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Complaint
        # The admin chooses them, and the widgets.
        fields: tuple[str, ...] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        complaint: Complaint = kwargs["instance"]
        # What was told, where the public reads something else.
        initial = {
            **{name: text for name, text in complaint.as_filed.items() if name in CORRECTED},
            "seen": version_of(complaint),
        }
        super().__init__(*args, **{**kwargs, "initial": initial | (kwargs.get("initial") or {})})

    def clean_complaint_type(self) -> Any:
        """A type of the same city."""
        kind = self.cleaned_data["complaint_type"]
        if kind.city_id != self.instance.city_id:
            raise ValidationError(f"got a type of {kind.city}, expected one of the same city")
        return kind

    def clean(self) -> dict[str, Any]:
        """Refuse it if somebody else was first; what was typed stays in the form."""
        values = super().clean() or {}
        stored = Complaint.objects.select_related("city").get(pk=self.instance.pk)
        if values.get("seen") == version_of(stored):
            return values
        # The next time it is sent, this person has seen it.
        self.data = {**self.data.dict(), "seen": version_of(stored)}  # type: ignore[attr-defined]
        raise ValidationError(
            "Somebody else changed this complaint after you had opened it"
            f"{self._meanwhile(stored, values.get('seen', ''))}. What you wrote stands below; "
            "saving again stores it."
        )

    def _meanwhile(self, stored: Complaint, seen: str) -> str:
        try:
            moment = parse_datetime(seen)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            return ""
        lines = [told(event, stored) for event in since(stored, moment)]
        names = (f"{each.title} {each.text} ({each.by or 'unknown'})" for each in lines)
        return f": {'; '.join(names)}" if lines else ""
