"""Times as pages write them."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _


def moment_in_page(local: datetime) -> str:
    """A moment on the clock that it carries: `Tue 16 Jul 2019, 18:00 EDT`."""
    return f"{date_format(local, _('D j M Y'))}, {local:%H:%M %Z}"
