"""The list of complaints in the admin: a queue, a page of it, and never a full count."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth.models import User
from django.core.paginator import EmptyPage, Page
from django.db.models import F, OrderBy, QuerySet, Value
from django.db.models.functions import Coalesce
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


class Paginator(InfinitePaginator):  # type: ignore[misc]
    """Counts to COUNTED_UP_TO and one more; reads the keys of a page first, then its rows.

    Sorting keys alone keeps wide rows out of the sort.
    """

    template_name = "complaints/desk/pagination.html"
    counted_up_to = COUNTED_UP_TO

    @cached_property
    def count(self) -> int:
        """How many there are, or COUNTED_UP_TO + 1 for more."""
        found: int = self.object_list.order_by().values("pk")[: COUNTED_UP_TO + 1].count()
        return found

    @property
    def is_exact(self) -> bool:
        """Whether the count is."""
        return self.count <= COUNTED_UP_TO

    def validate_number(self, number: Any) -> int:
        """A page that a reader may ask for; the last one is not known."""
        if not 1 <= number <= MOST_PAGES:
            raise EmptyPage(f"got page {number}, expected 1 to {MOST_PAGES}")
        return int(number)

    def page(self, number: Any) -> Page[Complaint]:
        """One page."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        keys = self._keys(start, start + self.per_page)
        rows = {row.pk: row for row in self.object_list.order_by().filter(pk__in=keys)}
        found: Page[Complaint] = self._get_page(
            [rows[key] for key in keys if key in rows], number, self
        )
        return found

    def _keys(self, start: int, end: int) -> list[int]:
        """Those between two places of the order.

        Most open complaints of a large city are no risk, and are not sorted with the others: they
        follow them, the newest first, as an index has them.
        """
        rows = self.object_list.values_list("pk", flat=True)
        if rows.query.order_by[:1] != BY_RISK[:1]:
            return list(rows[start:end])
        at_risk = rows.filter(promised_p90_hours__isnull=False, risk__isnull=False)
        keys = list(at_risk[start:end])
        if len(keys) == end - start:
            return keys
        before = start + len(keys) if keys or not start else at_risk.order_by().count()
        # Of a comparison the planner expects much, of a null little: then it would sort again.
        unknown = rows.alias(comparable=Coalesce("risk", Value(-1.0))).filter(comparable__lt=0)
        others = of_known_cities(unknown).order_by(*NEWEST, "-pk")
        return [*keys, *others[max(0, start - before) : end - before]]


class QueueList(ChangeList):  # type: ignore[misc]
    """The rows of the queue that is asked for."""

    root_queryset: Any

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        self.queue = _asked_for(request)
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
        """The queue's, unless a column was clicked."""
        if self.params.get("o"):
            return list(super().get_ordering(request, queryset))
        order: list[OrderBy] = list(dict.fromkeys((*self.queue.order, F("pk").desc())))
        return order

    def get_results(self, request: HttpRequest) -> None:
        """A page of it, also where it is the only one."""
        super().get_results(request)
        if not self.multi_page:
            self.result_list = self.paginator.page(1).object_list


def _asked_for(request: HttpRequest) -> Queue:
    """The queue of the address. A search without one looks everywhere."""
    name = request.GET.get(QUEUE) or ("all" if request.GET.get("q") else "open")
    queue = BY_NAME.get(name)
    if queue is None or queue not in queues_of(cast(User, request.user)):
        raise IncorrectLookupParameters(f"there is no queue {name[:100]!r}")
    return queue
