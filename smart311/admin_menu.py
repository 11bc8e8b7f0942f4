"""The admin's side bar: what is used all day first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy

Item = dict[str, Any]


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Groups of links; what somebody may not see is left out."""
    groups = [
        _group(
            "Desk",
            _link("Home", "home", "admin:index"),
            _list("Complaints", "inbox", "complaints", "complaint"),
            _list("Done in bulk", "checklist", "complaints", "bulkstep"),
            separator=False,
        ),
        _group(
            "City",
            _list("Complaint types", "category", "complaints", "complainttype"),
            _list("Agencies", "apartment", "complaints", "agency"),
            _list("Districts", "map", "complaints", "district"),
            _list("Cities", "location_city", "complaints", "city"),
        ),
        _group(
            "Forecasts and data",
            _list("Model versions", "timeline", "predictions", "modelversion"),
            _list("Imports", "upload_file", "complaints", "import"),
        ),
        _group(
            "Running it",
            _list("Tasks", "pending_actions", "django_tasks_database", "dbtaskresult"),
            _list("API keys", "key", "accounts", "apikey"),
            _list("Users", "person", "auth", "user"),
            _list("Roles", "group", "auth", "group"),
            _list("Failed logins", "lock", "axes", "accessattempt"),
            _list("Audit log", "history", "admin", "logentry"),
        ),
        _group(
            "Elsewhere",
            _link("Dashboard", "monitoring", "dashboard:page"),
            _link("API documentation", "description", "docs"),
        ),
    ]
    for group in groups:
        group["items"] = [item for item in group["items"] if item["permission"](request)]
    return [group for group in groups if group["items"]]


def _group(title: str, *items: Item, separator: bool = True) -> dict[str, Any]:
    return {"title": title, "separator": separator, "items": list(items)}


def _list(title: str, icon: str, app: str, model: str) -> Item:
    permission = f"{app}.view_{model}"
    item = _link(title, icon, f"admin:{app}_{model}_changelist")
    return {**item, "permission": lambda request: request.user.has_perm(permission)}


def _link(title: str, icon: str, name: str) -> Item:
    everybody: Callable[[HttpRequest], bool] = lambda request: True  # noqa: E731
    return {"title": title, "icon": icon, "link": reverse_lazy(name), "permission": everybody}
