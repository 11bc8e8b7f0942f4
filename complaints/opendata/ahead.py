"""Work one step ahead, in a thread."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
_END = object()


def worked_ahead(items: Iterable[Item]) -> Iterator[Item]:
    """The same items; while one is used, a thread makes the next.

    What the making raises is raised here. A consumer that stops early waits for the step that is
    being made.
    """
    iterator = iter(items)
    with ThreadPoolExecutor(max_workers=1) as thread:
        ahead = thread.submit(next, iterator, _END)
        while (item := ahead.result()) is not _END:
            ahead = thread.submit(next, iterator, _END)
            yield item  # type: ignore[misc]
