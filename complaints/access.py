"""Who may do and see what: decided here, asked by the API and the admin."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser, User
from rest_framework.permissions import (
    SAFE_METHODS,
    BasePermission,
    DjangoModelPermissionsOrAnonReadOnly,
)
from rest_framework.request import Request

from complaints.models import Complaint
from complaints.models.complaint import ComplaintQuerySet

Someone = AbstractBaseUser | AnonymousUser


class Sight(IntEnum):
    """How much of a complaint somebody sees; each sees what those before do."""

    PUBLIC = 0
    WORKED = 1
    """The description and the picture as they were filed."""
    WHOLE = 2
    """Who filed it, too."""


def is_confined(user: User) -> bool:
    """Whether this member of staff works the complaints of its own agencies only."""
    return not user.has_perm("complaints.work_every_agency")


def works_on(user: Someone, complaint: Complaint) -> bool:
    """Whether this person is staff for that complaint."""
    if not isinstance(user, User) or not user.has_perm("complaints.change_complaint"):
        return False
    return not is_confined(user) or complaint.agency in user.agencies.all()


def worked_by(user: User, rows: ComplaintQuerySet) -> ComplaintQuerySet:
    """Those of some complaints that this member of staff works on."""
    if not is_confined(user):
        return rows
    # As numbers: the planner knows how many complaints an agency has, and nothing of a subquery.
    return rows.filter(agency__in=list(user.agencies.values_list("pk", flat=True)))


def sight(user: Someone, complaint: Complaint) -> Sight:
    """How much of a complaint somebody sees."""
    if not isinstance(user, User):
        return Sight.PUBLIC
    if complaint.filed_by_id == user.pk:
        return Sight.WHOLE
    if not works_on(user, complaint):
        return Sight.PUBLIC
    return Sight.WHOLE if user.has_perm("complaints.view_reporter") else Sight.WORKED


class WorksOnIt(BasePermission):
    """Staff who work on the complaint, for reading too."""

    message = "This takes a member of staff who works on this complaint."

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether it is staff at all."""
        return bool(request.user and request.user.has_perm("complaints.change_complaint"))

    def has_object_permission(self, request: Request, view: Any, obj: Complaint) -> bool:
        """Whether it is one of theirs."""
        return works_on(request.user, obj)


class ComplaintPermission(DjangoModelPermissionsOrAnonReadOnly):
    """Everybody reads; staff change what they work on. A step is a change, though it is POSTed."""

    perms_map = {
        **DjangoModelPermissionsOrAnonReadOnly.perms_map,
        "POST": ["%(app_label)s.change_%(model_name)s"],
    }
    message = "This takes a member of staff who works on this complaint."

    def has_object_permission(self, request: Request, view: Any, obj: Complaint) -> bool:
        """Whether it is one of theirs."""
        return request.method in SAFE_METHODS or works_on(request.user, obj)
