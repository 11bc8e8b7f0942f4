"""Lists of the admin that count their rows once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    Base = ModelAdmin[Any]
else:
    Base = object


class CountedOnce(Base):
    """Without a count of the whole table, and without "N results (Show all)" for want of one."""

    show_full_result_count = False

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """The list; what it found is all that it tells of."""
        found: Any = super().get_changelist_instance(request)
        found.full_result_count = found.result_count
        return found
