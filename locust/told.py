"""What each profile is, in a line; without Locust, for those that only tell of it."""

RECORD_DAY = 276_827
"""Complaints of the record day that a storm compresses."""

TOLD = {
    "smoke": "10 s at 20 requests/s: does everything work?",
    "steady": "10 minutes of 10 complaints/s and 100 reads/s",
    "ramp": "steps of 15 s, each a quarter higher, until one does not hold: the knee",
    "spike": "40 requests/s, ten times as many for a minute, and back",
    "soak": "30 minutes of half the steady load; memory is watched",
    "storm": f"the {RECORD_DAY:,} complaints of a record day within an hour",
    "overload": "a minute of five times the capacity between two of the steady load",
}
