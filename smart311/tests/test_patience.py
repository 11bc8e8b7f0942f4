"""Waiting for the database with a deadline."""

import threading
import time
from collections.abc import Iterator

import psycopg2
import pytest
from django.db import connection
from psycopg2.extensions import set_wait_callback

from smart311 import patience

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _deadline() -> Iterator[None]:
    patience.install()
    yield
    set_wait_callback(None)
    patience._doubt.is_raised = False


def connect() -> psycopg2.extensions.connection:
    """A connection that may be lost without harm to the test's own."""
    found: psycopg2.extensions.connection = connection.get_new_connection(
        connection.get_connection_params()
    )
    # No BEGIN before the statement: its answer would be one, too.
    found.autocommit = True
    return found


def ask(fresh: psycopg2.extensions.connection, statement: str) -> object:
    with fresh.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone()
        return row and row[0]


def test_a_silent_statement_fails_and_closes_its_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fresh = connect()
    began_at = time.monotonic()
    with patience.waiting_up_to(0.1), pytest.raises(patience.SilentError):
        ask(fresh, "SELECT pg_sleep(5)")
    assert time.monotonic() - began_at < 2
    assert fresh.closed


def test_an_error_of_the_server_is_an_answer() -> None:
    fresh = connect()
    with pytest.raises(psycopg2.errors.DivisionByZero):
        ask(fresh, "SELECT 1 / 0")
    assert ask(fresh, "SELECT 1") == 1
    fresh.close()


def test_after_a_silence_one_asks_and_the_others_fail_at_once() -> None:
    slow, other = connect(), connect()
    with patience.waiting_up_to(0.05), pytest.raises(patience.SilentError):
        ask(slow, "SELECT pg_sleep(5)")
    probing = connect_in_thread("SELECT pg_sleep(0.5)")
    time.sleep(0.1)
    with pytest.raises(patience.SilentError, match="of late"):
        ask(other, "SELECT 1")
    probing.join()
    # The one that asked was answered: everybody may ask again.
    again = connect()
    assert ask(again, "SELECT 1") == 1
    again.close()


def connect_in_thread(statement: str) -> threading.Thread:
    patience._doubt.is_raised = False
    fresh = connect()
    patience._doubt.is_raised = True

    def run() -> None:
        ask(fresh, statement)
        fresh.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_copy_is_refused_where_connections_have_a_deadline() -> None:
    """Why imports do without it, and exports without COPY."""
    with connection.cursor() as cursor, pytest.raises(psycopg2.ProgrammingError, match="callback"):
        cursor.copy_expert("COPY (SELECT 1) TO STDOUT", None)
