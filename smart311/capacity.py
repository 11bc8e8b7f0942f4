"""What hardware a city of N complaints a day needs, from costs that a load test measured.

The costs are what `make load` found on its machine: processor time of web, lane and PostgreSQL for
each request, bytes of the database for each complaint, memory of all processes.
"""

import math
from dataclasses import dataclass

READS_PER_COMPLAINT = 10
"""As in the steady profile; a dashboard that many people watch means more."""
BUSIEST_HOUR_SHARE = 0.063
"""Of a day's complaints; the synthetic sample, which has New York's statistics."""
BUSIEST_DAY = 1.2
"""Times the mean day: 722 of 615 in the same sample."""
BURST = 3
"""The busiest seconds of an hour, times its mean."""
UTILISATION = 0.5
"""Of processors at the peak: above it, waiting grows faster than load."""
YEARS_IN_MEMORY = 0.25
"""A quarter of complaints and their indexes is read again and again."""
DAYS = 365


@dataclass(frozen=True)
class Costs:
    """Measured; seconds of one processor, bytes."""

    seconds_per_filing: float
    seconds_per_read: float
    bytes_per_complaint: float
    process_bytes: float

    def __post_init__(self) -> None:
        if min(self.seconds_per_filing, self.seconds_per_read, self.bytes_per_complaint) <= 0:
            raise ValueError(f"costs must be above 0, got {self}")


@dataclass(frozen=True)
class Needs:
    """Of a city; rates are of the busiest seconds, bytes a year are of complaints."""

    complaints_per_day: int
    filings_per_second: float
    reads_per_second: float
    busy_processors: float
    processors: int
    memory_bytes: float
    disk_bytes_a_year: float


def needs(
    complaints_per_day: int, costs: Costs, reads_per_complaint: float = READS_PER_COMPLAINT
) -> Needs:
    """What it takes. Raises ValueError if there is nothing to file or to read."""
    if complaints_per_day < 1 or reads_per_complaint < 0:
        raise ValueError(
            f"got {complaints_per_day} complaints a day and {reads_per_complaint} reads for each, "
            "expected at least 1 and 0"
        )
    filings = complaints_per_day * BUSIEST_DAY * BUSIEST_HOUR_SHARE * BURST / 3600
    reads = filings * reads_per_complaint
    busy = filings * costs.seconds_per_filing + reads * costs.seconds_per_read
    year = complaints_per_day * DAYS * costs.bytes_per_complaint
    return Needs(
        complaints_per_day,
        filings,
        reads,
        busy,
        max(1, math.ceil(busy / UTILISATION)),
        costs.process_bytes + year * YEARS_IN_MEMORY,
        year,
    )
