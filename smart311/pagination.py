"""How lists are cut into pages."""

from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request

MOST_DIGITS = 18
"""Of a primary key that fits 64 bits."""


class NewestFirstPagination(CursorPagination):
    """Pages by cursor: stable while rows arrive, and never a COUNT."""

    ordering = ("-created_at", "-id")
    page_size_query_param = "page_size"
    max_page_size = 1000


class InOrderPagination(CursorPagination):
    """Reference lists in the order of their making; most cities' fit one page."""

    ordering = "id"
    page_size = 1000
    page_size_query_param = "page_size"
    max_page_size = 1000

    def decode_cursor(self, request: Request) -> Cursor | None:
        """The cursor. Raises NotFound where its position is no primary key."""
        cursor = super().decode_cursor(request)
        if cursor is None or cursor.position is None:
            return cursor
        position = str(cursor.position)
        if not (position.isascii() and position.isdigit() and len(position) <= MOST_DIGITS):
            raise NotFound(self.invalid_cursor_message)
        return cursor
