"""What staff may do: three roles, each a group of Django's."""

from __future__ import annotations

from typing import Any

from django.apps import apps as installed_apps
from django.apps.registry import Apps

AGENT, MANAGER, ADMIN = "agent", "manager", "admin"

_REFERENCE = ("city", "agency", "complainttype", "district")
_AGENT = {
    "complaints": [
        "view_complaint",
        "change_complaint",
        "view_complaintevent",
        "view_bulkstep",
        *(f"view_{model}" for model in _REFERENCE),
    ],
}
_MANAGER = {
    "complaints": [
        *_AGENT["complaints"],
        "work_every_agency",
        "view_reporter",
        "view_import",
        "add_import",
        "read_rejects",
        "delete_reporter",
        "export_private_fields",
        *(f"change_{model}" for model in ("agency", "complainttype", "district")),
    ],
    "predictions": ["view_modelversion"],
    "django_tasks_database": ["view_dbtaskresult"],
    "admin": ["view_logentry"],
}
_EVERYTHING = ("add", "change", "delete", "view")
_ADMIN = {
    "complaints": [
        *_MANAGER["complaints"],
        *(f"{action}_{model}" for model in _REFERENCE for action in _EVERYTHING),
        "delete_import",
    ],
    "predictions": ["view_modelversion", "activate_modelversion"],
    "django_tasks_database": ["view_dbtaskresult", "change_dbtaskresult"],
    "admin": ["view_logentry"],
    "accounts": [f"{action}_apikey" for action in _EVERYTHING],
    "auth": [f"{action}_{model}" for model in ("user", "group") for action in _EVERYTHING],
    "axes": ["view_accessattempt", "delete_accessattempt"],
}
ROLES: dict[str, dict[str, list[str]]] = {AGENT: _AGENT, MANAGER: _MANAGER, ADMIN: _ADMIN}
"""Permissions of each role by app. An agent works the complaints of the agencies it belongs to."""


def make_roles(apps: Apps = installed_apps, **kwargs: Any) -> None:
    """Make the groups after a migration, and give each exactly its permissions.

    For another combination make a group of another name: that is left alone.
    """
    try:
        groups = apps.get_model("auth", "Group").objects
        permissions = apps.get_model("auth", "Permission").objects
    except LookupError:
        return
    for role, by_app in ROLES.items():
        wanted = [
            permission
            for app, codenames in by_app.items()
            for permission in permissions.filter(
                content_type__app_label=app, codename__in=codenames
            )
        ]
        groups.get_or_create(name=role)[0].permissions.set(wanted)
