"""The Django side: connections, `dbshell`, and a server that dies under a running process."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from django.db import OperationalError, connections
from pytest_django import DjangoDbBlocker

from smart311.embedded_postgres.base import DatabaseWrapper
from smart311.embedded_postgres.errors import EmbeddedPostgresError
from smart311.embedded_postgres.places import SYSTEM_FOLDER
from smart311.embedded_postgres.server import EmbeddedServer

from .embedded_workshop import PROJECT, Workshop, eventually, make_workshop


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    workshop = make_workshop()
    yield workshop
    workshop.clean_up()


@pytest.fixture
def connection(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, django_db_blocker: DjangoDbBlocker
) -> Iterator[DatabaseWrapper]:
    """A connection of our engine, apart from the one that the tests run in."""
    server = workshop.server
    monkeypatch.setattr("smart311.embedded_postgres.base.server_for", lambda folder: server)
    connections.settings["embedded"] = connections.configure_settings(
        {
            "default": {},
            "embedded": {
                "ENGINE": "smart311.embedded_postgres",
                "NAME": "smart311",
                "EMBEDDED_FOLDER": workshop.folder,
                "OPTIONS": {"connect_timeout": 3, "options": "-c statement_timeout=5s"},
            },
        }
    )["embedded"]
    wrapper = cast(DatabaseWrapper, connections.create_connection("embedded"))
    with django_db_blocker.unblock():
        yield wrapper
    wrapper.close()
    server.release()
    del connections.settings["embedded"]


def query(connection: DatabaseWrapper, statement: str) -> Any:
    with connection.temporary_connection() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def test_the_first_query_starts_the_server_and_keeps_our_options(
    connection: DatabaseWrapper, workshop: Workshop
) -> None:
    assert workshop.postmaster is None
    assert query(connection, "show statement_timeout") == "5s"
    assert workshop.postmaster


def test_a_new_connection_brings_a_killed_server_back(
    connection: DatabaseWrapper, workshop: Workshop
) -> None:
    query(connection, "create table kept as select 311 as number")
    killed = workshop.postmaster
    assert killed
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: workshop.postmaster is None)
    assert query(connection, "select number from kept") == 311


def test_a_missing_database_is_reported_as_such(connection: DatabaseWrapper) -> None:
    connection.settings_dict["NAME"] = "nowhere"
    with pytest.raises(OperationalError, match='database "nowhere" does not exist'):
        query(connection, "select 1")


def test_a_server_that_cannot_run_is_an_operational_error(
    connection: DatabaseWrapper, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(server: EmbeddedServer, patience_seconds: float) -> None:
        raise EmbeddedPostgresError("the disk is full")

    monkeypatch.setattr(EmbeddedServer, "ensure_running", refuse)
    with pytest.raises(OperationalError, match="the disk is full"):
        query(connection, "select 1")


def test_a_test_database_lives_in_the_same_server(connection: DatabaseWrapper) -> None:
    with connection._nodb_cursor() as cursor:
        cursor.execute("create database test_smart311")
        cursor.execute("select count(*) from pg_database where datname = 'test_smart311'")
        assert cursor.fetchone() == (1,)
        cursor.execute("drop database test_smart311")


def test_dbshell_is_the_wheels_own_psql(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "dbshell", "--", "-Atc", "select current_user"]
    environment = {**os.environ, "VAR_FOLDER": str(tmp_path), "PATH": "/nowhere"}
    environment.pop("DATABASE_URL", None)
    run = subprocess.run(
        command, cwd=PROJECT, env=environment, check=True, capture_output=True, text=True
    )
    assert run.stdout.strip() == "smart311"
    place = EmbeddedServer(tmp_path / "postgres").place
    if place.home.is_relative_to(SYSTEM_FOLDER):
        shutil.rmtree(place.home)
