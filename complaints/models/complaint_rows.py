"""Complaints by the many: narrowed in words, with what follows from their promises."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import h3.api.basic_int as h3
from django.db import models
from django.db.models import Case, F, Func, Q, Value, When
from django.db.models.functions import Coalesce, Exp, Greatest, Least, Now

from complaints.models.promise import Deadline, LikelyLate

if TYPE_CHECKING:
    from complaints.models.complaint import Complaint  # noqa: F401  (in a string)

_LONG_AGO = Value(datetime(1, 1, 1, tzinfo=UTC), output_field=models.DateTimeField())


class Status(models.TextChoices):
    """Where a complaint is in its life; also `Complaint.Status`."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"


class ComplaintQuerySet(models.QuerySet["Complaint"]):
    """Complaints, narrowed in words."""

    def of_city(self, slug: str) -> Self:
        """Complaints of one city."""
        return self.filter(city__slug=slug)

    def open(self) -> Self:
        """Complaints not yet closed."""
        return self.exclude(status=Status.CLOSED)

    def closed(self) -> Self:
        """Complaints that are closed."""
        return self.filter(status=Status.CLOSED)

    def timed(self) -> Self:
        """Closed ones whose duration is evidence: an instant closing is bookkeeping, not speed."""
        return self.closed().filter(closed_at__gt=F("created_at"))

    def filed_since(self, moment: datetime) -> Self:
        """Complaints filed at or after `moment`."""
        return self.filter(created_at__gte=moment)

    def near(self, cell: int, rings: int = 1) -> Self:
        """Complaints in an H3 cell and its `rings` rings of neighbours (about 350 m a ring)."""
        return self.filter(cell__in=list(h3.grid_disk(cell, rings)))

    def with_names(self) -> Self:
        """With type, agency and district in the same query."""
        return self.select_related("complaint_type", "agency", "district")

    def close_all(self, at: datetime, resolution: str = "") -> int:
        """Close those that are open, in one statement; answers how many.

        One that was filed after `at` is closed at its filing.
        """
        told = {"resolution": resolution} if resolution else {}
        return self.open().update(
            status=Status.CLOSED,
            closed_at=Greatest(Value(at), F("created_at")),
            updated_at=Now(),
            **told,
        )

    def with_deadline(self) -> Self:
        """With `deadline_at`, until when it should be closed; null where nothing was promised."""
        return self.annotate(deadline_at=Deadline())

    def with_risk(self, now: datetime) -> Self:
        """With `deadline_at`, `asked_at` and `risk`, the chance that it is still open then.

        Open as it is now, from the quantiles promised at filing. Null where nothing was promised,
        or the deadline has passed: what is broken is no risk any more.
        """
        # Until p90 it is ln 10 by definition; only the city's own dates are worked out.
        until = Case(
            When(due_at=None, then=Value(math.log(10))),
            default=_hazard(F("due_at") - F("created_at")),
        )
        so_far = _hazard(Value(now) - F("created_at"))
        # PostgreSQL makes an error of a number too small for it.
        chance = Exp(Greatest(so_far - until, Value(-700.0)))
        return self.with_deadline().annotate(
            asked_at=Value(now, output_field=models.DateTimeField()),
            risk=Case(
                When(
                    deadline_at__gt=now,
                    promised_p90_hours__isnull=False,
                    then=Least(chance, Value(1.0)),
                ),
                output_field=models.FloatField(),
            ),
        )

    def in_parts_of_risk(self) -> tuple[Self, Self, Self]:
        """Of `with_risk`: those whose promise is likely to be broken, likely to be kept, the rest.

        Each part has more risk than those after it, and the first is found by an index: only its
        few have to be sorted to know the first of all.
        """
        asked_at = F("asked_at")
        rows = self.alias(likely_late_at=LikelyLate())
        waiting = rows.filter(deadline_at__gt=asked_at)
        likely, unlikely = Q(likely_late_at__lte=asked_at), Q(likely_late_at__gt=asked_at)
        # Of a comparison the planner expects much, of a null little: then it would sort again.
        is_none = Coalesce(Case(When(deadline_at__gt=asked_at, then="likely_late_at")), _LONG_AGO)
        rest = rows.alias(in_danger_at=is_none).filter(in_danger_at=_LONG_AGO)
        return waiting.filter(likely), waiting.filter(unlikely), rest


def _hazard(since_filing: models.expressions.Combinable) -> Func:
    """How much of the promised hazard lies in a time since filing."""
    seconds = Func(
        since_filing,
        # As a float: EXTRACT answers a numeric, which is slow to reckon with.
        template="date_part('epoch', %(expressions)s)",
        output_field=models.FloatField(),
    )
    return Func(
        seconds / Value(3600.0),
        F("promised_p10_hours"),
        F("promised_median_hours"),
        F("promised_p90_hours"),
        function="complaints_hazard",
        output_field=models.FloatField(),
    )
