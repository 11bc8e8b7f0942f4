"""An import from a portal: page by page, each stored before the next, so that it can go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from django.db import transaction

from complaints.models import Import
from complaints.opendata import socrata
from complaints.opendata.cleaning import Choice
from complaints.opendata.destination import destination_of
from complaints.opendata.loading import Summary, import_batches
from complaints.opendata.mapping import mapping_named
from complaints.opendata.portals import Dataset
from complaints.opendata.rejects import Rejects
from complaints.opendata.runs import claimed, note, recorded
from complaints.opendata.socrata import Page, pages


def run_portal(run: Import, progress: Callable[[int], None] = lambda _rows: None) -> Import:
    """Import a dataset's changes since `run.since`, from where an earlier try stopped.

    `progress` is told the rows read. Raises PortalError, UnknownForm, UnknownCity, AlreadyRunning.
    """
    dataset = Dataset.named(run.name)
    with claimed(run), recorded(run):
        # Another process may have brought it further.
        run.refresh_from_db(fields=["checkpoint", "counts", "report", "rejects"])
        start = int(run.checkpoint.get("offset", 0))
        for page in pages(dataset, run.since, start, socrata.PAGE_ROWS):
            _store(run, page)
            progress(run.checkpoint["offset"])
    return run


@transaction.atomic
def _store(run: Import, page: Page) -> None:
    """One page and the note that it is done, together or not at all."""
    until = max(run.checkpoint.get("changed_until", ""), page.changed_until)
    run.checkpoint = {"offset": page.offset + page.rows, "changed_until": until}
    if page.rows:
        _describe(run, page)
        assert run.city is not None  # noqa: S101  (said just before)
        rejects = Rejects(bytes(run.rejects))
        summary = import_batches(
            page.batches,
            run.city,
            mapping_named(run.mapping),
            rejects=rejects,
            choice=Choice(observed_at=page.asked_at),
        )
        _note(run, summary, rejects)
    run.save()


def _describe(run: Import, page: Page) -> None:
    """City and form, told by the first page's columns where they were not given."""
    header = list(dict.fromkeys(name for batch in page.batches for name in batch.frame.columns))
    city, mapping = destination_of(header, run.city.slug if run.city else None, run.mapping or None)
    run.city, run.mapping = city, mapping.name


def _note(run: Import, summary: Summary, rejects: Rejects) -> None:
    """Add what a page did to what the pages before it did."""
    before, report = run.counts, run.report
    note(run, summary, rejects)
    run.counts = _added(before, run.counts)
    for check, found in run.report.items():
        earlier = report.get(check)
        if earlier:
            found["rows"] += earlier["rows"]
            found["by_agency"] = _added(earlier["by_agency"], found["by_agency"])
            found["examples"] = [*earlier["examples"], *found["examples"]][:5]


def _added(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """Counts by name, some of them counts by name themselves."""
    total: dict[str, int] = {}
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name, 0), after.get(name, 0)
        if isinstance(old, dict) or isinstance(new, dict):
            total[name] = dict(Counter(old or {}) + Counter(new or {}))
        else:
            total[name] = old + new
    return total
