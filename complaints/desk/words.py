"""What the desk says of times, in the words of the pages."""

from __future__ import annotations

from datetime import datetime, timedelta

from complaints.phrases import hours_in_words

_HOUR = timedelta(hours=1)


def ago(moment: datetime, now: datetime) -> str:
    """`3 h ago`."""
    return f"{hours_in_words((now - moment) / _HOUR)} ago"


def due(deadline: datetime | None, now: datetime) -> str:
    """`in 3 h`, `2 d late`, or a dash where nothing was promised."""
    if deadline is None:
        return "–"
    if deadline > now:
        return f"in {hours_in_words((deadline - now) / _HOUR)}"
    return f"{hours_in_words((now - deadline) / _HOUR)} late"
