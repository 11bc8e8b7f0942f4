"""What staff do with one complaint at the desk: forms, and who was first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from complaints import lifecycle
from complaints.access import works_on
from complaints.models import Agency, Complaint, ComplaintEvent

LONGEST_TEXT = 4000


class ChangedMeanwhile(Exception):
    """Somebody changed the complaint after this person had opened it."""


def version_of(complaint: Complaint) -> str:
    """What a form remembers of the complaint that it was opened with."""
    return complaint.updated_at.isoformat()


class StepForm(forms.Form):
    """A step, and which state of the complaint it was decided on."""

    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, complaint: Complaint, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"seen": version_of(complaint)}, auto_id=False)
        self.complaint = complaint
        self.prepare()

    def prepare(self) -> None:
        """Fit the fields to the complaint."""

    def clean_seen(self) -> datetime:
        """When the complaint had last changed, as this person saw it."""
        try:
            moment = parse_datetime(self.cleaned_data["seen"])
        except ValueError:
            moment = None
        if moment is None or timezone.is_naive(moment):
            raise forms.ValidationError("This page is too old; open the complaint again.")
        return moment


def text_field(label: str, help_text: str = "", *, required: bool = True) -> forms.CharField:
    """A few lines of text."""
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=LONGEST_TEXT,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3, "maxlength": LONGEST_TEXT}),
    )


class CloseForm(StepForm):
    """What was done; duplicates are closed too."""

    resolution = text_field("What was done", "Public. Its open duplicates are closed with it.")


class ReopenForm(StepForm):
    """Why it is not over."""

    reason = text_field("Why", "A remark in its history, for staff only.")


class AssignForm(StepForm):
    """To whom."""

    agency = forms.ModelChoiceField(
        Agency.objects.none(), empty_label="Choose one", widget=UnfoldAdminSelectWidget
    )

    def prepare(self) -> None:
        """The agencies of the city, without the one that has it."""
        others = Agency.objects.filter(city=self.complaint.city_id)
        if has_it := self.complaint.agency_id:
            others = others.exclude(pk=has_it)
        self.fields["agency"].queryset = others  # type: ignore[attr-defined]


class CommentForm(StepForm):
    """A remark."""

    text = text_field("Remark")
    is_public = forms.BooleanField(
        label="The public may read it", required=False, widget=UnfoldBooleanWidget
    )


class DuplicateForm(StepForm):
    """Which one came first."""

    original = forms.CharField(
        label="Id of the complaint that came first",
        max_length=20,
        widget=UnfoldAdminTextInputWidget,
    )

    def clean_original(self) -> Complaint:
        """The complaint of that id in the city."""
        typed = self.cleaned_data["original"].replace("\0", "").strip().lower()
        found = Complaint.objects.filter(public_id=typed, city=self.complaint.city_id).first()
        if found is None or found.pk == self.complaint.pk:
            raise forms.ValidationError(
                f"got {typed!r}, expected the id of another complaint of the city"
            )
        return found


@dataclass(frozen=True)
class Step:
    """A step, in which states it is offered, and what it does.

    A remark does not care what else happened (`minds_changes`).
    """

    name: str
    title: str
    icon: str
    form: type[StepForm]
    act: Callable[[Complaint, dict[str, Any], User], object]
    statuses: tuple[str, ...] = (Complaint.Status.OPEN, Complaint.Status.IN_PROGRESS)
    minds_changes: bool = True
    applies: Callable[[Complaint], bool] = lambda complaint: True


def _reopen(complaint: Complaint, values: dict[str, Any], user: User) -> None:
    lifecycle.reopen(complaint, user)
    lifecycle.comment(complaint, values["reason"], False, user)


STEPS = (
    Step(
        "start",
        "Start work",
        "play_arrow",
        StepForm,
        lambda complaint, values, user: lifecycle.change(
            complaint, {"status": Complaint.Status.IN_PROGRESS}, user
        ),
        statuses=(Complaint.Status.OPEN,),
    ),
    Step(
        "assign",
        "Assign",
        "forward_to_inbox",
        AssignForm,
        lambda complaint, values, user: lifecycle.assign(complaint, values["agency"], user),
    ),
    Step(
        "close",
        "Close",
        "check_circle",
        CloseForm,
        lambda complaint, values, user: lifecycle.close(
            complaint, timezone.now(), values["resolution"], user
        ),
    ),
    Step(
        "duplicate",
        "Mark as duplicate",
        "content_copy",
        DuplicateForm,
        lambda complaint, values, user: lifecycle.mark_duplicate(
            complaint, values["original"], user
        ),
    ),
    Step(
        "unlink",
        "Not a duplicate",
        "link_off",
        StepForm,
        lambda complaint, values, user: lifecycle.unmark_duplicate(complaint, user),
        statuses=tuple(Complaint.Status),
        applies=lambda complaint: complaint.is_duplicate,
    ),
    Step("reopen", "Reopen", "undo", ReopenForm, _reopen, statuses=(Complaint.Status.CLOSED,)),
    Step(
        "comment",
        "Comment",
        "chat",
        CommentForm,
        lambda complaint, values, user: lifecycle.comment(
            complaint, values["text"], values["is_public"], user
        ),
        statuses=tuple(Complaint.Status),
        minds_changes=False,
    ),
)
BY_NAME = {step.name: step for step in STEPS}


def steps_for(complaint: Complaint) -> list[Step]:
    """What can be done with it in its state."""
    return [step for step in STEPS if complaint.status in step.statuses and step.applies(complaint)]


@transaction.atomic
def take(step: Step, complaint: Complaint, values: dict[str, Any], user: User) -> None:
    """Take a step on the complaint as this person saw it.

    Raises ChangedMeanwhile, WrongState, PermissionDenied; then nothing is changed.
    """
    # Whoever else takes a step on it waits here, and then sees that it has changed.
    Complaint.objects.select_for_update().get(pk=complaint.pk)
    complaint.refresh_from_db()
    if not works_on(user, complaint):
        raise PermissionDenied
    if step.minds_changes and complaint.updated_at != values["seen"]:
        raise ChangedMeanwhile
    step.act(complaint, values, user)


def since(complaint: Complaint, moment: datetime) -> list[ComplaintEvent]:
    """What was recorded of it after a moment, with who did it."""
    found = complaint.events.filter(recorded_at__gt=moment).select_related("actor")
    return list(found.order_by("recorded_at", "pk"))
