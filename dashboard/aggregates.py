"""Aggregates as expressions, so that one query carries several numbers."""

from __future__ import annotations

from typing import Any

from django.db.models import Aggregate, QuerySet, Subquery


def scalar(rows: QuerySet[Any], constant: str, aggregate: Aggregate) -> Subquery:
    """An aggregate over `rows` as an expression, null without rows.

    `constant` names a column that is the same in all of them.
    """
    return Subquery(rows.order_by().values(constant).annotate(result=aggregate).values("result"))
