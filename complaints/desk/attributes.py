"""Open311 attribute definitions of a type, as a form.

What is stored is what GeoReport v2 calls the attributes of a service definition
(https://wiki.open311.org/GeoReport_v2/#get-service-definition).
"""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

DATATYPES = ("string", "number", "datetime", "text", "singlevaluelist", "multivaluelist")
LISTS = DATATYPES[-2:]


class AttributeForm(forms.Form):
    """One question that a client asks."""

    code = forms.SlugField(max_length=50, widget=UnfoldAdminTextInputWidget)
    description = forms.CharField(
        label="Question", max_length=500, widget=UnfoldAdminTextInputWidget
    )
    datatype = forms.ChoiceField(
        choices=[(name, name) for name in DATATYPES], widget=UnfoldAdminSelectWidget
    )
    required = forms.BooleanField(required=False, widget=UnfoldBooleanWidget)
    datatype_description = forms.CharField(
        label="How to answer", required=False, max_length=500, widget=UnfoldAdminTextInputWidget
    )
    values = forms.CharField(
        required=False,
        max_length=10_000,
        help_text="Of a list: one a line, KEY: NAME",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )

    def clean_values(self) -> list[dict[str, str]]:
        """Keys and names, each key once."""
        lines = filter(None, map(str.strip, self.cleaned_data["values"].splitlines()))
        pairs = [line.partition(":") for line in lines]
        found = [{"key": key.strip(), "name": (name or key).strip()} for key, _, name in pairs]
        if len({pair["key"] for pair in found}) < len(found):
            raise forms.ValidationError("A key stands there twice.")
        return found

    def clean(self) -> dict[str, Any]:
        """Lists have values, and nothing else has."""
        found = super().clean() or {}
        if "values" in found and (found.get("datatype") in LISTS) != bool(found["values"]):
            raise forms.ValidationError(
                {"values": "Values are for the two lists, which need some."}
            )
        return found


class _AttributeForms(forms.BaseFormSet[AttributeForm]):
    def clean(self) -> None:
        """Each code once."""
        codes = [form.cleaned_data["code"] for form in _kept(self) if "code" in form.cleaned_data]
        if len(set(codes)) < len(codes):
            raise forms.ValidationError("Two attributes have the same code.")


AttributeFormSet = forms.formset_factory(
    AttributeForm,
    formset=_AttributeForms,
    extra=1,
    can_delete=True,
    max_num=50,
    validate_max=True,
)


def initial_of(definitions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stored definitions as the form shows them, in their order."""
    ordered = sorted(definitions, key=lambda each: each.get("order", 0))
    return [{**each, "values": _lines(each.get("values") or [])} for each in ordered]


def _lines(values: list[dict[str, str]]) -> str:
    return "\n".join(f"{each['key']}: {each['name']}" for each in values)


def stored_of(forms: Any) -> list[dict[str, Any]]:
    """The definitions of a valid form, numbered from 1."""
    return [
        {
            "variable": True,
            "code": form.cleaned_data["code"],
            "datatype": form.cleaned_data["datatype"],
            "required": form.cleaned_data["required"],
            "datatype_description": form.cleaned_data["datatype_description"],
            "order": order,
            "description": form.cleaned_data["description"],
            "values": form.cleaned_data["values"],
        }
        for order, form in enumerate(_kept(forms), start=1)
    ]


def _kept(forms: Any) -> list[Any]:
    """Those that are filled in and not to be deleted."""
    return [
        form
        for form in forms
        if getattr(form, "cleaned_data", None) and not form.cleaned_data.get("DELETE")
    ]
