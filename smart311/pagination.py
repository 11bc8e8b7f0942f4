"""How lists are cut into pages."""

from rest_framework.pagination import CursorPagination


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
