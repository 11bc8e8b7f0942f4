"""Socrata's portals: pages of a dataset over SODA 2.1, https://dev.socrata.com/docs/paging.html."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.utils import timezone

from complaints.opendata.containers import UnreadableFile
from complaints.opendata.fetching import ATTEMPTS, Fetcher
from complaints.opendata.portals import Dataset, PortalError
from complaints.opendata.reader import Batch, read_json

PAGE_ROWS = 20_000
"""About 25 MB of New York's rows; the most that SODA 2.1 gives are 50,000."""


@dataclass(frozen=True)
class Page:
    """Rows from `offset` on, when they were asked for, and the latest change among them."""

    batches: list[Batch]
    offset: int
    rows: int
    asked_at: datetime
    changed_until: str


def pages(dataset: Dataset, since: datetime | None, offset: int, rows: int) -> Iterator[Page]:
    """Pages in the order of the portal's row ids, from `offset`, of what changed since then.

    A row that moves between two pages is in both or, if others were deleted, in neither: the
    next run brings it once it changes. Raises PortalError.
    """
    token = settings.SOCRATA_APP_TOKEN
    fetcher = Fetcher(dataset.host, {"X-App-Token": token} if token else {})
    try:
        while True:
            page = _page(fetcher, dataset, since, offset, rows)
            yield page
            if page.rows < rows:
                return
            offset += page.rows
    finally:
        fetcher.close()


def _page(
    fetcher: Fetcher,
    dataset: Dataset,
    since: datetime | None,
    offset: int,
    rows: int,
) -> Page:
    parameters = {
        "$select": ":*,*",
        "$order": ":id",
        "$limit": str(rows),
        "$offset": str(offset),
    }
    if since:
        parameters["$where"] = f":updated_at >= '{since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.000Z}'"
    asked_at = timezone.now()
    batches = _read(fetcher, f"/resource/{dataset.id}.json", parameters)
    changed = [batch.frame["updated_at"].max() for batch in batches if "updated_at" in batch.frame]
    return Page(
        batches=batches,
        offset=offset,
        rows=sum(len(batch.frame) + len(batch.broken) for batch in batches),
        asked_at=asked_at,
        changed_until=max((str(one) for one in changed if one), default=""),
    )


def _read(fetcher: Fetcher, path: str, parameters: dict[str, str]) -> list[Batch]:
    """A page as rows. A body that ends too soon, unnoticed by HTTP, is asked for again."""
    for attempt in range(1, ATTEMPTS + 1):
        body = fetcher.get(path, parameters)
        try:
            return list(read_json(io.BytesIO(body), int(parameters["$offset"])))
        except UnreadableFile as error:
            if attempt == ATTEMPTS:
                raise PortalError(f"the page is no JSON: {error}") from error
    raise AssertionError("unreachable")
