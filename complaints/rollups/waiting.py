"""How many complaints wait for each agency: exactly, from the roll-up and what is not folded."""

from __future__ import annotations

from django.db import connection

from complaints.rollups.grains import DELTAS

NO_AGENCY = 0
"""What roll-ups have for none."""

_WAITING = f"""
    SELECT agency_id, sum(waiting) FROM (
        SELECT agency_id, waiting FROM complaints_rollup_queue
        UNION ALL
        SELECT COALESCE(agency_id, 0), sign FROM {DELTAS} WHERE closed_at IS NULL
    ) AS either
    GROUP BY agency_id"""


def waiting_by_agency() -> dict[int, int]:
    """Open complaints by the key of their agency, or NO_AGENCY, in all cities; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return {agency: int(count) for agency, count in cursor}
