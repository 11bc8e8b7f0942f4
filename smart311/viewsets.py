"""What read-only viewsets share."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model
from django.utils.decorators import method_decorator
from django.views.decorators.http import conditional_page
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ReadOnlyModelViewSet

from smart311.query_strings import read_query

Row = TypeVar("Row", bound=Model)


@method_decorator(conditional_page, name="list")
@method_decorator(conditional_page, name="retrieve")
class ReferenceViewSet(ReadOnlyModelViewSet[Row]):
    """Rows to look up, each answer with an ETag and 304; one row takes no parameters."""

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:  # noqa: D102
        # No docstring: the schema would show it instead of what each viewset says of itself.
        read_query(request, ())
        return super().retrieve(request, *args, **kwargs)
