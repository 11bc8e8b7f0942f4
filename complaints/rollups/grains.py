"""Which roll-up tables there are, and what a complaint adds to each.

Every complaint counts once by the time of its filing and, once closed, once more by that of its
closing (the column `basis`); days, months and hours are the city's.
"""

from __future__ import annotations

from dataclasses import dataclass

FILED = "filed"
CLOSED = "closed"

MEASURES = ("complaints", "closed", "timed", "seconds")


@dataclass(frozen=True)
class Grain:
    """A table of counts, seconds and histograms by period and some properties."""

    name: str
    period: str
    properties: tuple[str, ...]

    @property
    def table(self) -> str:
        """Its name in the database."""
        return f"complaints_rollup_{self.name}"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell its rows apart."""
        return ("city_id", "basis", "period", *self.properties)


@dataclass(frozen=True)
class Queue:
    """A table of how many complaints wait, by some properties."""

    name: str
    properties: tuple[str, ...]

    @property
    def table(self) -> str:
        """Its name in the database."""
        return f"complaints_rollup_{self.name}"

    @property
    def key(self) -> tuple[str, ...]:
        """The columns that tell its rows apart."""
        return ("city_id", *self.properties)


GRAINS = (
    Grain("month_agency_channel", "month", ("agency_id", "channel")),
    Grain("month_type", "month", ("complaint_type_id",)),
    Grain("month_district", "month", ("district_id",)),
    Grain(
        "month_everything",
        "month",
        ("complaint_type_id", "agency_id", "district_id", "channel"),
    ),
    Grain("month_hour_type", "month", ("hour_of_week", "complaint_type_id")),
    Grain("day_agency", "day", ("agency_id",)),
    Grain("day_district", "day", ("district_id",)),
    Grain("day_type", "day", ("complaint_type_id",)),
    Grain("day_type_agency_channel", "day", ("complaint_type_id", "agency_id", "channel")),
    Grain("day_agency_district", "day", ("agency_id", "district_id")),
    Grain("day_cell", "day", ("cell",)),
)
"""Of each period the smaller first: the first that knows enough answers."""
STEPS = {
    "by_type": ("complaint_type_id", "agency_id", "channel"),
    "by_district": ("district_id",),
}
"""What arrives is first grouped so, by day: most grains are then made of fewer rows."""
QUEUES = (
    Queue("queue", ("complaint_type_id", "agency_id", "district_id")),
    Queue("queue_cell", ("cell",)),
)
TABLES = tuple(table.table for table in (*GRAINS, *QUEUES))
DELTAS = "complaints_rollup_delta"

IMAGE = "city_id, complaint_type_id, agency_id, district_id, cell, created_at, closed_at, channel"
"""The columns of a complaint that count; a change of any other appends nothing."""


def measured(images: str, more: str = "") -> str:
    """SQL for what `images` (a table or query with IMAGE and `sign`) adds, a row a basis.

    `period` is not yet chosen: there is a day and a month. `bin` is null for what took no time.
    `more` are further columns of `images`, each led by a comma.
    """
    return f"""
    SELECT
        i.city_id, b.basis,
        local.moment::date AS day,
        date_trunc('month', local.moment)::date AS month,
        ((EXTRACT(isodow FROM local.moment) - 1) * 24
            + EXTRACT(hour FROM local.moment))::smallint AS hour_of_week,
        i.complaint_type_id,
        COALESCE(i.agency_id, 0) AS agency_id,
        COALESCE(i.district_id, 0) AS district_id,
        COALESCE(i.cell, 0) AS cell,
        i.channel,
        i.sign::integer AS complaints,
        CASE WHEN i.closed_at IS NULL THEN 0 ELSE i.sign END::integer AS closed,
        CASE WHEN i.closed_at > i.created_at THEN i.sign ELSE 0 END::integer AS timed,
        CASE WHEN i.closed_at > i.created_at
            THEN i.sign * EXTRACT(EPOCH FROM i.closed_at - i.created_at)::bigint
            ELSE 0 END AS seconds,
        CASE WHEN i.closed_at > i.created_at
            THEN complaints_hours_bin(i.closed_at - i.created_at) END AS bin{more}
    FROM {images} i
    JOIN complaints_city c ON c.id = i.city_id
    CROSS JOIN LATERAL (VALUES
        ('{FILED}', i.created_at), ('{CLOSED}', i.closed_at)) AS b (basis, moment)
    CROSS JOIN LATERAL (SELECT b.moment AT TIME ZONE c.time_zone AS moment) AS local
    WHERE b.moment IS NOT NULL"""


def step_of(grain: Grain) -> str:
    """Which of STEPS a grain is made of; else what arrived itself."""
    fits = (name for name, known in STEPS.items() if set(grain.properties) <= set(known))
    return next(fits, "arrived")


def grouped(properties: tuple[str, ...]) -> str:
    """SQL that groups what arrived, in the columns of `measured` that are left."""
    key = ", ".join(("day", *reversed(properties), "basis", "city_id", "month", "bin"))
    sums = ", ".join(
        f"sum({name})::{'bigint' if name == 'seconds' else 'integer'} AS {name}"
        for name in MEASURES
    )
    return f"SELECT {key}, {sums} FROM arrived GROUP BY {key}"


def measures(grain: Grain, where: str = "true") -> str:
    """SQL for a grain's rows without their histograms, in the columns of `itemised`."""
    key = ", ".join(grain.key)
    return f"""
    SELECT {key}, NULL::smallint AS bin, complaints, closed, timed, seconds, 0 AS count
    FROM {grain.table} WHERE {where}"""


def itemised(grain: Grain, where: str = "true") -> str:
    """SQL for a grain's rows, the measures with `bin` null, then each bin of the histogram.

    Columns: the grain's key, bin, MEASURES, and `count`, how many lie in the bin.
    """
    key = ", ".join(grain.key)
    return f"""
    {measures(grain, where)}
    UNION ALL
    SELECT {key}, unnest(bins), 0, 0, 0, 0, unnest(counts)
    FROM {grain.table} WHERE {where}"""


def itemised_images(grain: Grain, rows: str) -> str:
    """SQL for what `rows` (the name of a query such as `measured` makes) add, in the same form."""
    key = ", ".join(("city_id", "basis", f"{grain.period} AS period", *grain.properties))
    return f"""
    SELECT {key}, bin, complaints, closed, timed, seconds,
        CASE WHEN bin IS NULL THEN 0 ELSE timed END AS count
    FROM {rows}"""
