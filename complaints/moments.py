"""Times as clients write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext

_SPACE_FOR_PLUS = re.compile(r"(T\S+) (\d\d:?\d\d)$")


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """An aware UTC time from ISO 8601; without an offset it is local time in `zone`.

    An offset whose `+` arrived as a space (a query string not quoted) is understood. A local time
    that autumn repeats is the first of the two. Raises ValueError for what is not a time, and for
    a local time that spring skips.
    """
    text = text.strip()
    try:
        moment = datetime.fromisoformat(
            _SPACE_FOR_PLUS.sub(r"\1+\2", text) if " " in text else text
        )
    except ValueError as error:
        raise ValueError(
            gettext("got %(got)r, expected ISO 8601, such as 2019-07-10T12:00:00-04:00")
            % {"got": text[:200]}
        ) from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
        if _is_skipped(moment):
            raise ValueError(
                gettext("got %(got)r, which the clocks of %(zone)s skip")
                % {"got": text[:200], "zone": zone.key}
            )
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(
            gettext(
                "got %(got)r, expected ISO 8601, such as 2019-07-10T12:00:00-04:00 within the "
                "calendar"
            )
            % {"got": text[:200]}
        ) from error


def _is_skipped(moment: datetime) -> bool:
    """Whether a local time lies in the hour that the clocks jump over."""
    try:
        back = moment.astimezone(UTC).astimezone(moment.tzinfo)
    except OverflowError:
        return False
    return back.replace(tzinfo=None) != moment.replace(tzinfo=None)
