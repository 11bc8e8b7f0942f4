"""What operators should know of complaints."""

from django.db import DatabaseError, InterfaceError, connection


def rollups() -> str:
    """What the last check of the roll-ups found wrong, or nothing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT differing_cells, checked_at FROM complaints_rollup_state")
            differing, checked_at = cursor.fetchone()
    except (DatabaseError, InterfaceError):
        return "unknown"
    if not differing:
        return ""
    return f"{differing} cells differ from the complaints, found at {checked_at:%Y-%m-%d %H:%M}Z"
