"""Why imports refuse rows, in the language of the page: imports store it in English."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

REASONS = {
    "no id": gettext_lazy("no id"),
    "no creation date": gettext_lazy("no creation date"),
    "creation date not readable": gettext_lazy("creation date not readable"),
    "created after the observation": gettext_lazy("created after the observation"),
    "no complaint type": gettext_lazy("no complaint type"),
    "status unknown": gettext_lazy("status unknown"),
    "closed without a closing date": gettext_lazy("closed without a closing date"),
    "closing date not readable": gettext_lazy("closing date not readable"),
    "closed before it was created": gettext_lazy("closed before it was created"),
    "coordinates not readable": gettext_lazy("coordinates not readable"),
    "not readable as CSV": gettext_lazy("not readable as CSV"),
    "null byte": gettext_lazy("null byte"),
    "not UTF-8": gettext_lazy("not UTF-8"),
    "not a JSON object": gettext_lazy("not a JSON object"),
}
_WIDTH = re.compile(r"wrong number of fields \(expected (?P<width>\d+)\)")
_TOO_LONG = re.compile(r"(?P<field>[\w ]+?)(?: is)? longer than (?P<most>\d+) characters")


def reason_in_words(text: str) -> str:
    """The reason as the page says it; one that nobody foresaw as it is stored."""
    if found := _WIDTH.fullmatch(text):
        return _("wrong number of fields (expected %(width)s)") % found.groupdict()
    if found := _TOO_LONG.fullmatch(text):
        return _("%(field)s longer than %(most)s characters") % found.groupdict()
    return str(REASONS.get(text, text))
