"""What complaints can be grouped by, and which columns of a roll-up that takes."""

from __future__ import annotations

from dataclasses import dataclass

from complaints.models.complaint import CELL_RESOLUTION
from complaints.places import parent_sql
from complaints.rollups.grains import CLOSED, FILED


@dataclass(frozen=True)
class Group:
    """One way to group: an SQL expression over the columns of a roll-up.

    `needs` is the property that a roll-up must have, empty if its period is enough; `basis` is set
    where a time is meant, that of filing or of closing; `is_daily` where a month is too coarse.
    """

    name: str
    expression: str
    description: str
    needs: str = ""
    basis: str = ""
    is_daily: bool = False


_MONTH = "date_trunc('month', period)::date"
_WEEK = "date_trunc('week', period)::date"

GROUPS = {
    group.name: group
    for group in (
        Group("complaint_type", "complaint_type_id", "code of the type", "complaint_type_id"),
        Group("agency", "agency_id", "code of the agency", "agency_id"),
        Group("district", "district_id", "code of the district", "district_id"),
        Group("channel", "channel", "phone, online, mobile, …", "channel"),
        Group("cell", "{cell}", "H3 cell, see `cell_resolution`", "cell"),
        Group("day", "period", "local day of filing", "", FILED, True),
        Group("week", _WEEK, "Monday of the local week of filing", "", FILED, True),
        Group("month", _MONTH, "first day of the local month of filing", "", FILED),
        Group("weekday", "hour_of_week / 24 + 1", "1 Monday to 7", "hour_of_week", FILED),
        Group("hour", "hour_of_week %% 24", "local hour of filing", "hour_of_week", FILED),
        Group("closed_day", "period", "local day of closing", "", CLOSED, True),
        Group("closed_week", _WEEK, "Monday of the local week of closing", "", CLOSED, True),
        Group("closed_month", _MONTH, "first day of the local month of closing", "", CLOSED),
    )
}


def expression_of(name: str, cell_resolution: int) -> str:
    """The SQL of a group."""
    expression = GROUPS[name].expression
    if name != "cell" or cell_resolution == CELL_RESOLUTION:
        return expression.format(cell="cell")
    return f"CASE WHEN cell = 0 THEN 0 ELSE {parent_sql('cell', cell_resolution)} END"
