"""Everything that can happen to complaints and their roll-ups, a step at a time."""

import csv
import io
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from unittest.mock import patch

from django.db import connection, transaction

from complaints.models import Agency, Complaint, ComplaintEvent, ComplaintType, District
from complaints.models.complaint import cell_of
from complaints.rollups import folding
from complaints.rollups.folding import fold
from complaints.rollups.rebuilding import rebuild
from complaints.tests.factories import make_agency, make_city, make_district, make_type

# Both nights in 2019 that New York's clocks change, a month's end, and midnight itself.
MOMENTS = (
    datetime(2019, 3, 10, 6, 59, 59, tzinfo=UTC),
    datetime(2019, 3, 10, 7, 0, tzinfo=UTC),
    datetime(2019, 3, 11, 3, 59, 59, 999999, tzinfo=UTC),
    datetime(2019, 3, 11, 4, 0, tzinfo=UTC),
    datetime(2019, 11, 3, 5, 30, tzinfo=UTC),
    datetime(2019, 11, 3, 6, 30, tzinfo=UTC),
    datetime(2019, 12, 1, 4, 59, tzinfo=UTC),
    datetime(2019, 12, 1, 5, 0, tzinfo=UTC),
)
PLACES = ((40.75, -73.85), (40.75, -73.8501), (40.60, -74.1), (None, None))
COPIED = (
    "city_id, complaint_type_id, agency_id, district_id, descriptor, location_type, description, "
    "status, created_at, closed_at, latitude, longitude, cell, address, zip, channel, source, "
    "resolution, promised_by"
)


class Crash(Exception):
    """Whatever ends a transaction before its end."""


@dataclass
class World:
    """Cities with types, agencies and districts, and a source of chance."""

    random: Random
    types: list[ComplaintType]
    agencies: list[Agency | None]
    districts: list[District | None]

    @classmethod
    def make(cls, random: Random) -> "World":
        """New York with what complaints refer to, and a type of another city in another zone."""
        far = make_city("far", time_zone="Asia/Kathmandu")
        return cls(
            random,
            [make_type(), make_type("rodent"), make_type(city=far)],
            [make_agency("NYPD"), make_agency("HPD"), None],
            [make_district(), make_district("queens-08", name="08 QUEENS"), None],
        )

    def row(self) -> Complaint:
        """A complaint not stored yet."""
        choose = self.random.choice
        kind = choose(self.types)
        created_at = choose(MOMENTS)
        took = choose((None, None, 0.0, 1e-6, 0.4, 59.5, 3600.0, 9e6))
        latitude, longitude = choose(PLACES)
        return Complaint(
            city=kind.city,
            complaint_type=kind,
            agency=choose(self.agencies),
            district=choose(self.districts),
            channel=choose(("", "phone", "online")),
            created_at=created_at,
            status="open" if took is None else "closed",
            closed_at=None if took is None else created_at + timedelta(seconds=took),
            latitude=latitude,
            longitude=longitude,
            cell=None if latitude is None or longitude is None else cell_of(latitude, longitude),
        )

    def one(self) -> Complaint | None:
        """One of the stored complaints."""
        keys = list(Complaint.objects.order_by("pk").values_list("pk", flat=True))
        return Complaint.objects.get(pk=self.random.choice(keys)) if keys else None


def insert(world: World) -> None:
    world.row().save()


def insert_many(world: World) -> None:
    Complaint.objects.bulk_create([world.row() for _ in range(4)])


def copy(world: World) -> None:
    """COPY straight into the table, as psql would."""
    text = io.StringIO()
    writer = csv.writer(text)
    names = COPIED.split(", ")
    for _ in range(3):
        row = world.row()
        values = ["\\N" if (v := getattr(row, name)) is None else str(v) for name in names]
        writer.writerow(values)
    text.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(
            f"COPY complaints_complaint ({COPIED}) FROM STDIN (FORMAT csv, NULL '\\N')", text
        )


def close(world: World) -> None:
    if complaint := world.one():
        took = timedelta(seconds=world.random.choice((0.0, 1.0, 5400.0)))
        complaint.close(complaint.created_at + took)


def reopen(world: World) -> None:
    if complaint := world.one():
        complaint.reopen()


def retype(world: World) -> None:
    rows = Complaint.objects.filter(city=world.types[0].city)
    with transaction.atomic():
        # Two such statements at once would else wait for each other's rows in a circle.
        list(rows.order_by("pk").select_for_update().values_list("pk"))
        rows.update(complaint_type=world.random.choice(world.types[:2]))


def move(world: World) -> None:
    if complaint := world.one():
        complaint.district = world.random.choice(world.districts)
        complaint.agency = world.random.choice(world.agencies)
        complaint.save()


def refile(world: World) -> None:
    """The source corrects when something was filed."""
    Complaint.objects.filter(closed_at=None).update(created_at=world.random.choice(MOMENTS))


def renumber(world: World) -> None:
    if complaint := world.one():
        ComplaintEvent.objects.filter(complaint=complaint)._raw_delete("default")
        Complaint.objects.filter(pk=complaint.pk).update(
            id=-complaint.pk, channel=world.random.choice(("", "phone"))
        )


def upsert(world: World) -> None:
    """One statement that both inserts and updates."""
    complaint = world.one()
    rows = [world.row()] + ([complaint] if complaint else [])
    if complaint:
        complaint.channel = world.random.choice(("", "phone"))
        complaint.external_id = complaint.external_id or f"old-{complaint.pk}"
        Complaint.objects.filter(pk=complaint.pk).update(external_id=complaint.external_id)
        complaint.pk, complaint.public_id = None, f"{world.random.getrandbits(64)}"
    for row in rows:
        row.external_id = row.external_id or str(world.random.getrandbits(64))
    Complaint.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["city", "source", "external_id"],
        update_fields=["channel"],
    )


def delete(world: World) -> None:
    if complaint := world.one():
        ComplaintEvent.objects.filter(complaint=complaint)._raw_delete("default")
        complaint.delete()


def crash(world: World) -> None:
    """Changes whose transaction never ends."""
    with suppress(Crash), transaction.atomic():
        insert_many(world)
        close(world)
        raise Crash


def crash_in_fold(world: World) -> None:
    """A fold of which some batches stay and the last one does not."""
    fold_some(world)
    with suppress(Crash), transaction.atomic():
        fold()
        raise Crash


def fold_all(world: World) -> None:
    fold()


def fold_much(world: World) -> None:
    """As after an import: grouped by polars."""
    with patch.object(folding, "MUCH", 1):
        fold()


def fold_some(world: World) -> None:
    def stop(_count: int) -> None:
        raise Crash

    with suppress(Crash):
        fold(batch=2, progress=stop)


def rebuild_all(world: World) -> None:
    rebuild()


STEPS: tuple[Callable[[World], None], ...] = (
    insert,
    insert_many,
    copy,
    close,
    reopen,
    retype,
    move,
    refile,
    renumber,
    upsert,
    delete,
    crash,
    crash_in_fold,
    fold_all,
    fold_much,
    fold_some,
    rebuild_all,
)
