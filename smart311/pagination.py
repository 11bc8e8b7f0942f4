"""How lists are cut into pages."""

from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

from smart311.problems import shorten
from smart311.query_strings import read_query

MOST_DIGITS = 18
"""Of a primary key that fits 64 bits."""


class InOrderPagination(CursorPagination):
    """Reference lists in the order of their making; most cities' fit one page."""

    ordering = "id"
    page_size = 1000
    page_size_query_param = "page_size"
    max_page_size = 1000

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        """The page asked for. Raises ValidationError where a parameter is not understood."""
        given = read_query(request, ("cursor", "page_size"))
        text = given.get("page_size", "1")
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= self.max_page_size):
            expected = f"expected 1 to {self.max_page_size}"
            raise ValidationError({"page_size": [f"got {shorten(text)!r}, {expected}"]})
        return super().paginate_queryset(queryset, request, view)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """As the schema shows them; the size with its bounds."""
        found: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in found:
            if parameter["name"] == self.page_size_query_param:
                parameter["schema"] |= {"minimum": 1, "maximum": self.max_page_size}
        return found

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor. Raises ValidationError where it is none of ours, or no primary key."""
        try:
            cursor = super().decode_cursor(request)
        except NotFound as error:
            raise self._no_cursor() from error
        if cursor is None or cursor.position is None:
            return cursor
        position = str(cursor.position)
        if not (position.isascii() and position.isdigit() and len(position) <= MOST_DIGITS):
            raise self._no_cursor()
        return cursor

    def _no_cursor(self) -> ValidationError:
        return ValidationError({"cursor": ["expected a cursor as an earlier page gave it"]})


class NewestFirstPagination(InOrderPagination):
    """Pages by cursor: stable while rows arrive, and never a COUNT."""

    ordering = "-id"
    page_size = 100
