"""The key figures as JSON, for a page that stays open on a wall."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from complaints.models import Complaint
from dashboard.cards import key_figures
from dashboard.overview import Overview
from dashboard.selection import Selection
from dashboard.standing import STALE_AFTER
from dashboard.words import moment_in_page

SLOT_SECONDS = 60
"""How often the figures are looked at although nothing was filed or closed: time alone makes
complaints late."""


def live_tag(selection: Selection, now: datetime) -> str:
    """Changes when a complaint of the city does, and with each minute; one query by an index."""
    newest = Complaint.objects.filter(city=selection.city).order_by("-updated_at", "-id")
    latest = newest.values_list("updated_at", "pk").first()
    slot = int(now.timestamp() // SLOT_SECONDS)
    text = f"{latest} {selection.as_of} {slot} {selection.query()} {get_language()}"
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'


def live_figures(found: Overview, now: datetime) -> dict[str, Any]:
    """The cards, and up to when the data reaches."""
    selection, cards = found.selection, key_figures(found)
    return {
        "as_of": selection.as_of.isoformat(),
        "is_stale": now - selection.as_of > STALE_AFTER,
        "as_of_words": moment_in_page(selection.city.localise(selection.as_of)),
        "cards": {
            card.key: {
                "value": card.value,
                "note": card.note,
                "change": card.change,
                "direction": card.direction,
                "spark": card.spark,
            }
            for card in cards
        },
    }
