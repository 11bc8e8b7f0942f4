"""The law of roll-ups: whatever happens to complaints, folded and appended together are exact."""

import logging
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from complaints import tasks
from complaints.health import rollups
from complaints.models import Complaint, ComplaintEvent
from complaints.rollups import checking, folding
from complaints.rollups.checking import check
from complaints.rollups.folding import fold, pending
from complaints.rollups.grains import TABLES
from complaints.rollups.rebuilding import AlreadyRunning, rebuild
from complaints.tests.factories import NOON, make_agency, make_complaint, make_type
from complaints.tests.rollup_steps import STEPS, World, close, insert, insert_many, reopen, retype

TRIGGERS = ("insert", "update", "delete")


def execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def let_complaints_be_deleted() -> None:
    """Their history is kept by a trigger; until the end of the transaction it is not."""
    execute(
        "ALTER TABLE complaints_complaintevent DISABLE TRIGGER complaint_events_are_append_only"
    )


def switch_off(trigger: str) -> None:
    execute("SET CONSTRAINTS ALL IMMEDIATE")
    execute(f"ALTER TABLE complaints_complaint DISABLE TRIGGER complaint_rollups_of_{trigger}")


def rows(table: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM complaints_rollup_{table}")  # noqa: S608
        return sorted(cursor.fetchall())


class Interleavings(TestCase):
    """Any steps in any order."""

    @tried(max_examples=20, deadline=None)
    @given(
        seed=st.integers(0, 2**32), steps=st.lists(st.sampled_from(STEPS), min_size=1, max_size=12)
    )
    def test_no_cell_differs_whatever_happens(self, seed: int, steps: list[type]) -> None:
        let_complaints_be_deleted()
        world = World.make(Random(seed))
        insert_many(world)
        for step in steps:
            step(world)
            assert check().examples == (), step.__name__
        fold()
        assert pending() == 0
        assert check().differing == 0
        before = [rows(name) for name in ("day_type", "month_district", "queue")]
        rebuild()
        assert [nonzero(found) for found in before] == [
            nonzero(rows(name)) for name in ("day_type", "month_district", "queue")
        ]


def nonzero(found: list[tuple[Any, ...]]) -> list[tuple[object, ...]]:
    """Cells that something is left in; a rebuild leaves the empty ones out.

    A fold may leave a bin twice, which counts as its sum.
    """
    return [(*row[:8], added(*row[8:])) if row[8:] else row for row in found if row[4] != 0]


def added(bins: list[int], counts: list[int]) -> dict[int, int]:
    """A histogram whose bins come once."""
    sums = Counter[int]()
    for number, count in zip(bins, counts, strict=True):
        sums[number] += count
    return {number: count for number, count in sums.items() if count}


@pytest.mark.django_db
def test_a_cell_of_many_changes_does_not_grow_with_them() -> None:
    complaint = make_complaint()
    for number in range(40):
        complaint.close(NOON + timedelta(hours=1 + number % 3))
        fold()
        complaint.reopen()
        fold()
    (found,) = (row for row in rows("day_type") if row[1] == "filed")
    assert added(*found[8:]) == {}
    assert len(found[8]) <= folding.FEW_BINS


@pytest.mark.django_db
@pytest.mark.parametrize("trigger", TRIGGERS)
def test_without_a_trigger_cells_differ(trigger: str, caplog: pytest.LogCaptureFixture) -> None:
    let_complaints_be_deleted()
    complaint = make_complaint(closed_after_hours=1)
    switch_off(trigger)
    other = make_complaint()
    complaint.reopen()
    ComplaintEvent.objects.filter(complaint=other)._raw_delete("default")
    other.delete()
    with caplog.at_level(logging.ERROR):
        assert check().differing > 0
    assert "day_type: city_id=" in caplog.text
    rebuild()
    assert check().differing == 0


@pytest.mark.django_db
def test_a_complaint_counts_by_its_filing_and_by_its_closing_each_on_the_citys_day() -> None:
    # Filed at 23:30 on the 9th and closed at 00:30 on the 10th, New York's clock.
    complaint = make_complaint(
        created_at=NOON.replace(hour=3, minute=30), closed_after_hours=1, agency=make_agency("HPD")
    )
    fold()
    assert [(str(row[2]), row[1], *row[4:8]) for row in rows("day_type")] == [
        ("2019-07-10", "closed", 1, 1, 1, 3600),
        ("2019-07-09", "filed", 1, 1, 1, 3600),
    ]
    assert [row[3] for row in rows("month_hour_type")] == [2 * 24, 24 + 23]
    assert [row[3:6] for row in rows("day_agency_district")] == [(complaint.agency_id, 0, 1)] * 2
    assert rows("queue") == []


@pytest.mark.django_db
def test_the_migration_makes_months_of_the_days_there_are() -> None:
    insert_many(World.make(Random(5)))
    fold()
    migration = Path(settings.BASE_DIR, "complaints/migrations/sql/0014_rollup_of_months.sql")
    fill = next(sql for sql in migration.read_text().split(";") if "INSERT INTO" in sql)
    execute("DELETE FROM complaints_rollup_month_type")
    assert check().differing > 0
    execute(fill)
    assert check().differing == 0


@pytest.mark.django_db
def test_the_migration_makes_small_rollups_of_what_there_is() -> None:
    world = World.make(Random(5))
    for _ in range(5):
        insert_many(world)
    fold()
    for step in (insert_many, close, reopen):
        step(world)  # waits to be folded
    migration = Path(settings.BASE_DIR, "complaints/migrations/sql/0025_small_rollups.sql")
    fills = [sql for sql in migration.read_text().split(";") if "INSERT INTO" in sql]
    assert len(fills) == 5
    for name in re.findall(r"INSERT INTO complaints_rollup_(\w+)", ";".join(fills)):
        execute(f"DELETE FROM complaints_rollup_{name}")  # noqa: S608
    assert check().differing > 0
    for fill in fills:
        execute(fill)
    assert check().differing == 0


@pytest.mark.django_db
def test_an_instant_closing_is_closed_but_leaves_no_time() -> None:
    make_complaint(closed_after_hours=0)
    fold()
    assert [row[4:] for row in rows("day_type")] == [(1, 1, 0, 0, [], [])] * 2


@pytest.mark.django_db
def test_what_counts_for_nothing_appends_nothing() -> None:
    complaint = make_complaint()
    fold()
    complaint.set_in_progress(True)
    complaint.link_to(make_complaint(created_at=NOON - timedelta(days=1)))
    fold()
    Complaint.objects.update(observed_at=NOON, descriptor="Loud")
    assert pending() == 0


@pytest.mark.django_db
def test_one_filing_appends_one_row_and_one_closing_two() -> None:
    complaint = make_complaint()
    assert pending() == 1
    complaint.close(NOON + timedelta(hours=2))
    assert pending() == 3


@pytest.mark.django_db
def test_the_queue_loses_what_is_closed() -> None:
    first, second = make_complaint(), make_complaint()
    fold()
    assert [row[-1] for row in rows("queue")] == [2]
    first.close(NOON)
    fold()
    assert [row[-1] for row in rows("queue")] == [1]
    second.close(NOON)
    fold()
    assert [row[-1] for row in rows("queue_cell")] == [0]


@pytest.mark.django_db
def test_truncation_is_refused() -> None:
    make_complaint()
    execute("SET LOCAL smart311.may_truncate = ''; SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="never truncated"), transaction.atomic():
        execute("TRUNCATE complaints_complaint CASCADE")
    assert Complaint.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_where_truncation_is_allowed_the_roll_ups_go_too() -> None:
    make_complaint()
    fold()
    make_complaint()
    execute("TRUNCATE complaints_complaint CASCADE")
    assert check().differing == 0
    assert rows("day_type") == []
    assert pending() == 0


@pytest.mark.django_db
def test_the_commands_fold_check_and_rebuild() -> None:
    make_complaint(closed_after_hours=1)
    out = StringIO()
    for command in ("fold_rollups", "check_rollups", "rebuild_rollups"):
        call_command(command, stdout=out)
    assert out.getvalue() == "1 changes folded.\n0 cells differ.\nRebuilt from 1 complaints.\n"
    execute("UPDATE complaints_rollup_day_cell SET complaints = complaints + 1")
    with pytest.raises(CommandError, match=r"2 cells differ.*\n  day_cell: .*complaints \+1"):
        call_command("check_rollups")


@pytest.mark.django_db
def test_what_a_check_found_is_kept_until_the_next(caplog: pytest.LogCaptureFixture) -> None:
    assert rollups() == ""
    execute("INSERT INTO complaints_rollup_queue VALUES (1, 2, 3, 4, 5)")
    with caplog.at_level(logging.CRITICAL):
        assert tasks.check_rollups.call() == 1
    assert rollups().startswith("1 cells differ from the complaints, found at ")
    assert tasks.fold_rollups.call() == 0
    rebuild()
    check()
    assert rollups() == ""


@pytest.mark.django_db
def test_differences_are_counted_all_and_named_in_part(caplog: pytest.LogCaptureFixture) -> None:
    execute(
        "INSERT INTO complaints_rollup_queue_cell SELECT 1, number, 1 "
        "FROM generate_series(1, 50) AS number"
    )
    with caplog.at_level(logging.CRITICAL):
        verdict = check()
    assert verdict.differing == 50
    assert len(verdict.examples) == checking.MOST_NAMED


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """Another connection holds the lock of the roll-ups."""
    holds, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        execute(f"SELECT pg_advisory_lock({folding.LOCK})")
        holds.set()
        may_end.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    holds.wait(20)
    yield
    may_end.set()
    thread.join()


@pytest.mark.django_db
def test_much_is_folded_to_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World.make(Random(7))
    insert_many(world)
    fold()
    insert_many(world)
    close(world)
    names = [table.removeprefix("complaints_rollup_") for table in TABLES]
    with transaction.atomic():
        fold()
        expected = {name: rows(name) for name in names}
        transaction.set_rollback(True)
    monkeypatch.setattr(folding, "MUCH", 1)
    assert fold() > 2
    assert {name: rows(name) for name in names} == expected
    assert (pending(), check().differing) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_after_a_large_fold_nothing_is_left_to_walk_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "WORTH_TIDYING_FROM", 1)
    make_complaint()
    fold()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_relation_size('complaints_rollup_delta')")
        assert cursor.fetchone()[0] == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("elsewhere")
def test_two_never_fold_or_rebuild_at_once() -> None:
    make_complaint()
    assert fold() == 0
    with pytest.raises(AlreadyRunning):
        rebuild()
    assert check().differing == 0


@pytest.mark.django_db(transaction=True)
def test_a_killed_fold_leaves_what_it_found() -> None:
    for _ in range(5):
        make_complaint()

    def die(_count: int) -> None:
        execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(DatabaseError):
        fold(batch=2, progress=die)
    connection.close()
    assert pending() == 3
    assert check().differing == 0
    assert fold() == 3
    assert check().differing == 0


def run_together(workers: list[threading.Thread]) -> None:
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("job", [fold, rebuild])
def test_writers_and_a_job_at_once_end_exact(job: Callable[[], int]) -> None:
    world = World.make(Random(7))
    insert_many(world)
    is_over = threading.Event()
    failures: list[Exception] = []

    def write(seed: int) -> None:
        mine = World(Random(seed), world.types, world.agencies, world.districts)
        try:
            for number in range(20):
                (insert, insert_many, close, reopen, retype)[number % 5](mine)
        except Exception as error:  # noqa: BLE001  (told to the thread that asserts)
            failures.append(error)
        finally:
            connection.close()

    def work() -> None:
        try:
            while not is_over.is_set():
                job() if job is rebuild else fold(batch=7)
                assert check().differing == 0
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    run_together([threading.Thread(target=write, args=(seed,)) for seed in range(3)])
    is_over.set()
    worker.join()
    assert failures == []
    assert check().differing == 0
    fold()
    assert (pending(), check().differing) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_two_folds_at_once_would_add_up_without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell is added to under its own lock; that of all keeps folds from waiting in circles."""
    kind = make_type()
    make_complaint(complaint_type=kind)
    has_merged, may_commit = threading.Event(), threading.Event()

    def hold(_count: int) -> None:
        has_merged.set()
        may_commit.wait(20)

    def slow() -> None:
        with transaction.atomic():
            fold(progress=hold)
        connection.close()

    first = threading.Thread(target=slow)
    first.start()
    has_merged.wait(20)
    make_complaint(complaint_type=kind)
    assert fold() == 0, "the lock keeps the second fold out"
    monkeypatch.setattr(folding, "LOCK", folding.LOCK + 1)
    threading.Timer(0.5, may_commit.set).start()
    fold()
    first.join()
    assert (pending(), check().differing) == (0, 0)
