"""What staff type into the search box: the beginning of an id, or words."""

from __future__ import annotations

import functools
import operator

from django.db.models import Q

from complaints.cities import cities
from complaints.models.complaint import PUBLIC_TEXT
from complaints.models.complaint_rows import ComplaintQuerySet
from complaints.words import Words

LONGEST = 200
"""Characters that are looked at."""


def found(rows: ComplaintQuerySet, typed: str) -> ComplaintQuerySet:
    """Those of some complaints that are meant.

    What begins a public or an external id is one; whatever else is typed are words, in the syntax
    of web search engines, of the public text and the type's name.
    """
    typed = typed.replace("\0", "").strip()[:LONGEST]
    if not typed:
        return rows
    if " " not in typed and any(map(str.isdigit, typed)):
        begins = Q(public_id__startswith=typed.lower()) | Q(external_id__startswith=typed)
        if rows.filter(begins).order_by()[:1].exists():
            return rows.filter(begins)
    each = (
        Q(city=known.city) & Words.read(typed, known.city).condition()
        for known in cities.state().values()
    )
    return rows.alias(public_text=PUBLIC_TEXT).filter(
        functools.reduce(operator.or_, each, Q(pk=None))
    )
