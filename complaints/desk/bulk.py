"""The same step for many complaints: one UPDATE, whose events the database records."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from complaints.access import worked_by
from complaints.desk.steps import text_field
from complaints.lifecycle import WrongState, acting_as
from complaints.models import Agency, BulkStep, City, Complaint
from complaints.models.complaint import ComplaintQuerySet

MOST_ROWS = 10_000
AT_ONCE = 200
"""Done while the page loads; more take over two seconds on a busy machine, and go to a worker."""

Kind, Status = BulkStep.Kind, BulkStep.Status


class BulkForm(forms.Form):
    """What is to be done with complaints of a city."""

    def __init__(self, city: City, data: Any = None) -> None:
        super().__init__(data, auto_id=False)
        self.city = city
        self.prepare()

    def prepare(self) -> None:
        """Fit the fields to the city."""


class AssignMany(BulkForm):
    """To whom."""

    agency = forms.ModelChoiceField(
        Agency.objects.none(), empty_label="Choose one", widget=UnfoldAdminSelectWidget
    )

    def prepare(self) -> None:
        """The city's agencies."""
        self.fields["agency"].queryset = self.city.agencies.all()  # type: ignore[attr-defined]


class CloseMany(BulkForm):
    """What was done."""

    resolution = text_field("What was done", "Public. Open duplicates are closed with them.")


class DuplicateMany(BulkForm):
    """Which one came first."""

    original = forms.CharField(
        label="Id of the complaint that came first",
        max_length=20,
        widget=UnfoldAdminTextInputWidget,
    )

    def clean_original(self) -> Complaint:
        """The complaint of that id, itself no duplicate."""
        typed = self.cleaned_data["original"].strip().lower()
        found = Complaint.objects.filter(public_id=typed, city=self.city).first()
        if found is None:
            raise forms.ValidationError(f"got {typed!r}, expected a complaint of the city")
        if found.duplicate_of_id:
            raise forms.ValidationError("That one is itself a duplicate of another complaint.")
        return found


class UnlinkMany(BulkForm):
    """Nothing has to be said."""


FORMS: dict[str, type[BulkForm]] = {
    Kind.ASSIGN: AssignMany,
    Kind.CLOSE: CloseMany,
    Kind.DUPLICATE: DuplicateMany,
    Kind.UNLINK: UnlinkMany,
}


def ask(kind: str, keys: list[int], user: User) -> BulkStep:
    """Remember what was chosen, until it is confirmed."""
    return BulkStep.objects.create(kind=kind, keys=keys, asked_by=user)


def confirm(step: BulkStep, values: dict[str, Any]) -> bool:
    """Let it be done, once; answers whether this call did. Values are what the form cleaned."""
    stored = {name: getattr(value, "pk", value) for name, value in values.items()}
    asked = BulkStep.objects.filter(pk=step.pk, status=Status.ASKED)
    has_confirmed = bool(asked.update(status=Status.WAITING, values=stored))
    step.refresh_from_db()
    return has_confirmed


def run(number: int) -> str:
    """Do what was confirmed; answers how it ended. All of it or nothing."""
    with transaction.atomic():
        step = (
            BulkStep.objects.select_for_update(of=("self",))
            .select_related("asked_by")
            .get(pk=number)
        )
        if step.status != Status.WAITING:
            return step.status
        try:
            with acting_as(step.asked_by):
                step.changed = ACTS[step.kind](chosen(step), step.values)
            step.status = Status.DONE
        except (WrongState, Agency.DoesNotExist, Complaint.DoesNotExist) as error:
            step.status, step.error = Status.FAILED, str(error)
        step.finished_at = timezone.now()
        step.save(update_fields=["status", "error", "changed", "finished_at"])
    return step.status


def chosen(step: BulkStep) -> ComplaintQuerySet:
    """The chosen ones that whoever asked works on now, in one order for all who lock them."""
    rows = worked_by(step.asked_by, Complaint.objects.filter(pk__in=step.keys))
    return rows.order_by("pk")


def _assign(rows: ComplaintQuerySet, values: dict[str, Any]) -> int:
    agency = Agency.objects.get(pk=values["agency"])
    rows = rows.open().filter(~Q(agency=agency) | Q(agency=None), city=agency.city_id)
    return _locked(rows).update(agency=agency, updated_at=Now())


def _close(rows: ComplaintQuerySet, values: dict[str, Any]) -> int:
    meant = Complaint.objects.filter(Q(pk__in=rows.values("pk")) | Q(duplicate_of__in=rows))
    return _locked(meant.open()).close_all(timezone.now(), values["resolution"])


def _link(rows: ComplaintQuerySet, values: dict[str, Any]) -> int:
    original = Complaint.objects.select_for_update().get(pk=values["original"])
    if original.duplicate_of_id:
        raise WrongState(f"{original.public_id} is itself a duplicate of another complaint.")
    has_its_own = Exists(Complaint.objects.filter(duplicate_of=OuterRef("pk")))
    rows = rows.filter(~has_its_own, city=original.city_id).exclude(pk=original.pk)
    rows = rows.filter(~Q(duplicate_of=original) | Q(duplicate_of=None))
    return _locked(rows).update(duplicate_of=original, is_duplicate=True, updated_at=Now())


def _unlink(rows: ComplaintQuerySet, values: dict[str, Any]) -> int:
    rows = rows.filter(is_duplicate=True)
    return _locked(rows).update(duplicate_of=None, is_duplicate=False, updated_at=Now())


def _locked(rows: ComplaintQuerySet) -> ComplaintQuerySet:
    """The same rows, locked in the order of their keys: two of these at once wait in turn."""
    keys = rows.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True)
    return Complaint.objects.filter(pk__in=list(keys))


ACTS: dict[str, Callable[[ComplaintQuerySet, dict[str, Any]], int]] = {
    Kind.ASSIGN: _assign,
    Kind.CLOSE: _close,
    Kind.DUPLICATE: _link,
    Kind.UNLINK: _unlink,
}
