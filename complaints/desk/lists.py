"""The list of complaints in the admin: a queue, a page of it, and never a full count."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import User
from django.core.paginator import EmptyPage, Page
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from unfold.paginator import InfinitePaginator
from unfold.views import ChangeList

from complaints.desk.queues import (
    BY_NAME,
    BY_RISK,
    COUNTED_UP_TO,
    NEWEST,
    Queue,
    of_known_cities,
    queues_of,
)
from complaints.models import Complaint

QUEUE = "queue"
"""The parameter that names one."""
MOST_PAGES = 1_000
"""Whoever is so far down a list should narrow it instead: pages are counted off from its top."""


SEARCHED_UP_TO = 1_000
"""Counting what words find goes no further: each row of a common word is looked at."""


class Paginator(InfinitePaginator):  # type: ignore[misc]
    """Counts to `counted_up_to` and one more; reads the keys of a page first, then its rows.

    Sorting keys alone keeps wide rows out of the sort.
    """

    template_name = "complaints/desk/pagination.html"
    counted_up_to = COUNTED_UP_TO

    @cached_property
    def count(self) -> int:
        """How many there are, or `counted_up_to` + 1 for more."""
        rows = self.object_list.order_by().values("pk")
        found: int = rows[: self.counted_up_to + 1].count()
        return found

    @property
    def is_exact(self) -> bool:
        """Whether the count is."""
        return self.count <= self.counted_up_to

    def validate_number(self, number: Any) -> int:
        """A page that a reader may ask for; the last one is not known."""
        if not 1 <= number <= MOST_PAGES:
            raise EmptyPage(f"got page {number}, expected 1 to {MOST_PAGES}")
        return int(number)

    def page(self, number: Any) -> Page[Complaint]:
        """One page."""
        number = self.validate_number(number)
        keys = self._keys((number - 1) * self.per_page)
        rows = {row.pk: row for row in self.object_list.order_by().filter(pk__in=keys)}
        found: Page[Complaint] = self._get_page(
            [rows[key] for key in keys if key in rows], number, self
        )
        return found

    def _keys(self, start: int) -> list[int]:
        """Those of a page that begins at a place of the order.

        By risk they are read in parts: nothing is sorted of which no page is asked for.
        """
        rows = self.object_list
        if rows.query.order_by[:1] != BY_RISK[:1]:
            return list(rows.values_list("pk", flat=True)[start : start + self.per_page])
        likely, unlikely, rest = rows.in_parts_of_risk()
        # No risk to sort by: the newest first, as an index has them.
        rest = of_known_cities(rest).order_by(*NEWEST, "-pk")
        keys: list[int] = []
        for part in (likely, unlikely, rest):
            wanted = self.per_page - len(keys)
            found = list(part.values_list("pk", flat=True)[start : start + wanted])
            keys += found
            if len(found) == wanted:
                break
            # The next part is counted from its own beginning.
            start -= start if found or not start else part.order_by().count()
        return keys


class QueueList(ChangeList):  # type: ignore[misc]
    """The rows of the queue that is asked for."""

    root_queryset: Any

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.queue = asked_for(request)
        self.now = timezone.now()
        super().__init__(request, *args, **kwargs)
        self.title = self.queue.title

    def get_filters_params(self, params: Any = None) -> Any:
        """The filters of the admin, which know nothing of queues."""
        found = super().get_filters_params(params)
        found.pop(QUEUE, None)
        return found

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Narrowed by the queue first."""
        whole: Any = self.root_queryset
        self.root_queryset = self.queue.rows(whole, self.now)
        try:
            found: QuerySet[Any] = super().get_queryset(request, exclude_parameters)
            return found
        finally:
            self.root_queryset = whole

    def get_ordering(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[Any]:
        """The queue's, unless a column was clicked; what has no value comes last either way."""
        if not self.params.get("o"):
            return list(dict.fromkeys((*self.queue.order, F("pk").desc())))
        clicked = [_nulls_last(term) for term in super().get_ordering(request, queryset)]
        # The same as the queue's own, which is read in parts.
        return [*BY_RISK, F("pk").desc()] if clicked[:1] == [BY_RISK[0]] else clicked

    def get_results(self, request: HttpRequest) -> None:
        """A page of it, also where it is the only one."""
        super().get_results(request)
        if not self.multi_page:
            self.result_list = self.paginator.page(1).object_list


def _nulls_last(term: Any) -> Any:
    """A term of an order by one of the columns that not every complaint has, else as it is."""
    name = term.removeprefix("-") if isinstance(term, str) else ""
    if name not in {"risk", "deadline_at"}:
        return term
    return F(name).desc(nulls_last=True) if term != name else F(name).asc(nulls_last=True)


def paginator_of(request: HttpRequest, rows: Any, per_page: int) -> Paginator:
    """Pages of the list that is asked for; it counts no further than is quick."""
    found = Paginator(rows, per_page)
    limit = SEARCHED_UP_TO if request.GET.get("q") else COUNTED_UP_TO
    found.counted_up_to = min(limit, asked_for(request).counted_up_to)
    return found


def asked_for(request: HttpRequest) -> Queue:
    """The queue of the address. A search without one looks everywhere."""
    name = request.GET.get(QUEUE) or ("all" if request.GET.get("q") else "open")
    queue = BY_NAME.get(name)
    if queue is None or queue not in queues_of(cast(User, request.user)):
        raise IncorrectLookupParameters(f"there is no queue {name[:100]!r}")
    return queue
