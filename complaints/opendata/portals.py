"""Datasets of portals: which may be asked, and from where an import goes on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.dateparse import parse_datetime

from complaints.models import City, Import

OVERLAP = timedelta(minutes=5)
"""A portal's changes become visible some time after the moment that they bear."""


DATASET = re.compile(r"([a-z0-9.-]+(?::[0-9]{1,5})?)/([a-z0-9]{4}-[a-z0-9]{4})")
"""Host and id of a portal's dataset."""


class PortalError(ValueError):
    """The portal cannot be asked, or does not answer as it should."""


@dataclass(frozen=True)
class Dataset:
    """A dataset of a portal."""

    host: str
    id: str

    @classmethod
    def named(cls, name: str) -> Dataset:
        """From `data.cityofnewyork.us/erm2-nwe9`. Raises PortalError."""
        match = DATASET.fullmatch(name.strip().lower().removeprefix("https://"))
        if match is None:
            raise PortalError(
                f"got {name[:200]!r}, expected HOST/4x4 such as data.cityofnewyork.us/erm2-nwe9"
            )
        return cls(*match.groups())

    def __str__(self) -> str:
        return f"{self.host}/{self.id}"


def check_host(host: str) -> None:
    """Raise PortalError unless the host is on a list of the settings."""
    if host not in (*settings.IMPORT_HOSTS, *settings.IMPORT_PRIVATE_HOSTS):
        raise PortalError(
            f"the host {host[:200]!r} is not on the list IMPORT_HOSTS "
            f"({', '.join(settings.IMPORT_HOSTS) or 'empty'})"
        )


def begin(dataset: Dataset, city: City | None, mapping: str, since: datetime | None) -> Import:
    """The import to run: one that was left half-way goes on, else a new one is made."""
    left = Import.objects.filter(
        origin=Import.Origin.PORTAL,
        name=str(dataset),
        status__in=[Import.Status.RUNNING, Import.Status.FAILED],
        checkpoint__has_key="offset",
    )
    if since:
        left = left.filter(since=since)
    last = Import.objects.filter(origin=Import.Origin.PORTAL, name=str(dataset)).first()
    found = left.first()
    if found and last == found:
        return found
    return Import.objects.create(
        origin=Import.Origin.PORTAL,
        name=str(dataset),
        city=city,
        mapping=mapping,
        since=since or changed_until(dataset),
    )


def changed_until(dataset: Dataset) -> datetime | None:
    """Up to when an earlier import has read the dataset's changes, less a safe overlap."""
    done = Import.objects.filter(
        origin=Import.Origin.PORTAL, name=str(dataset), status=Import.Status.DONE
    )
    for run in done:
        until = parse_datetime(run.checkpoint.get("changed_until", ""))
        if until:
            return until - OVERLAP
    return None
