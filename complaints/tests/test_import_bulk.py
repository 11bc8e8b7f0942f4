"""An empty table is filled without its indexes; a table in use never loses them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from complaints.models import Complaint, ComplaintEvent
from complaints.opendata import bulk, loading, staging
from complaints.tests.csv_files import OPEN, write_csv
from complaints.tests.factories import make_city, make_complaint
from complaints.tests.test_import_complaints import counts, load

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_files_count(monkeypatch: pytest.MonkeyPatch) -> None:
    make_city()
    monkeypatch.setattr(bulk, "WORTH_IT_FROM_ROWS", 1)
    monkeypatch.setattr(loading, "MERGED_ROWS", 2)


@pytest.fixture
def dropped(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that make indexes and constraints anew."""
    statements: list[str] = []

    def remember(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        if isinstance(sql, str) and sql.startswith(("DROP INDEX", "ALTER TABLE")):
            statements.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(remember):
        yield statements


def structure() -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE tablename = ANY (%s) ORDER BY 1",
            [list(bulk.TABLES)],
        )
        # Of a list of values PostgreSQL writes the casts elsewhere when it reads its own words.
        indexes = [re.sub(r"::[a-z ]+(\[\])?|[()]", "", line) for (line,) in cursor.fetchall()]
        cursor.execute(
            "SELECT conname, convalidated, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = ANY (%s::regclass[]) ORDER BY 1",
            [list(bulk.TABLES)],
        )
        return [*indexes, *cursor.fetchall()]


def stored() -> list[Any]:
    return list(
        Complaint.objects.order_by("external_id").values(
            "external_id", "status", "closed_at", "cell", "address", "observed_at", "district__code"
        )
    )


ROWS: tuple[dict[str, str], ...] = ({}, OPEN, {}, OPEN, {"latitude": "", "longitude": ""})


def test_an_empty_table_is_filled_first_and_indexed_afterwards(
    tmp_path: Path, dropped: list[str]
) -> None:
    before = structure()
    report = counts(load(write_csv(tmp_path / "a.csv", *ROWS)))
    assert report["new"] == 5
    assert any(statement.startswith("DROP INDEX") for statement in dropped)
    assert structure() == before
    assert ComplaintEvent.objects.count() == 8
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT reltuples FROM pg_class WHERE oid = ANY (%s::regclass[]) ORDER BY relname",
            [list(bulk.TABLES)],
        )
        assert cursor.fetchall() == [(5,), (8,)], "the planner knows the tables"
    assert all(len(one) == 20 for one in Complaint.objects.values_list("public_id", flat=True))


def test_both_ways_store_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_csv(tmp_path / "a.csv", *ROWS)
    load(path)
    filled = stored()
    assert counts(load(path))["unchanged"] == 5
    monkeypatch.setattr(bulk, "WORTH_IT_FROM_ROWS", 100)
    # Another source, so that the same rows are new once more.
    Complaint.objects.update(source="other")
    assert counts(load(path))["new"] == 5
    ours = Complaint.objects.filter(source="nyc").order_by("external_id")
    assert [row["external_id"] for row in filled] == [one.external_id for one in ours]
    assert stored()[::2] == stored()[1::2] == filled


def test_a_table_with_complaints_keeps_its_indexes(tmp_path: Path, dropped: list[str]) -> None:
    make_complaint()
    load(write_csv(tmp_path / "a.csv", *ROWS))
    assert dropped == []


def test_the_planner_knows_what_came_into_a_table_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_complaint()
    monkeypatch.setattr(loading, "ANALYZED_FROM_ROWS", len(ROWS))
    load(write_csv(tmp_path / "a.csv", *ROWS))
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'complaints_complaint'")
        assert cursor.fetchone() == (len(ROWS) + 1,)


def test_a_table_that_others_may_use_keeps_its_indexes(
    tmp_path: Path, dropped: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "_IS_ALONE", "SELECT false")
    load(write_csv(tmp_path / "a.csv", *ROWS))
    assert dropped == []


def test_another_connection_is_noticed() -> None:
    with connection.cursor() as cursor:
        cursor.execute(bulk._IS_ALONE)
        alone = cursor.fetchone()[0]
        other = connection.copy()
        try:
            with other.cursor():
                cursor.execute("SELECT pg_stat_clear_snapshot()")
                cursor.execute(bulk._IS_ALONE)
                assert cursor.fetchone()[0] is False
        finally:
            other.close()
    assert alone is True


def test_a_row_that_refers_to_nothing_is_found_when_the_keys_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: without the keys, the row would be stored."""
    original = staging.resolve_names

    def wrong(cursor: Any, *arguments: Any) -> None:
        original(cursor, *arguments)
        cursor.execute("UPDATE staging_type SET id = 999999")

    monkeypatch.setattr(staging, "resolve_names", wrong)
    before = structure()
    with pytest.raises(IntegrityError), transaction.atomic():
        load(write_csv(tmp_path / "a.csv", *ROWS))
    assert structure() == before
    assert not Complaint.objects.exists()
