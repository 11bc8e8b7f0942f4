"""Many processes, one server; every way to die, no way to lose data."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import psutil
import pytest

from smart311.embedded_postgres import locks
from smart311.embedded_postgres.errors import EmbeddedPostgresError

from .embedded_workshop import Workshop, eventually, make_workshop


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    workshop = make_workshop()
    yield workshop
    workshop.clean_up()


def test_the_first_to_come_starts_the_server_and_the_last_to_go_stops_it(
    workshop: Workshop,
) -> None:
    first, second = workshop.join(), workshop.join()
    assert workshop.postmaster
    first.leave()
    assert workshop.postmaster
    second.leave()
    assert workshop.postmaster is None


def test_data_is_there_again_after_a_restart(workshop: Workshop) -> None:
    workshop.spawn("ask('create table kept as select 311 as number')").leave()
    assert workshop.spawn("say(ask('select number from kept'))").leave() == "311"


def test_ten_processes_at_once_make_one_server(workshop: Workshop) -> None:
    clients = [
        workshop.spawn("say(ask('select pg_postmaster_start_time()')); hear()") for _ in range(10)
    ]
    started_at = {client.hear() for client in clients}
    for client in clients:
        client.leave()
    assert len(started_at) == 1
    assert workshop.log.count("starting PostgreSQL") == 1
    assert workshop.postmaster is None


def test_a_killed_process_leaves_the_server_to_the_next(workshop: Workshop) -> None:
    workshop.join().kill()
    survivor = workshop.postmaster
    assert survivor
    next_one = workshop.join()
    assert workshop.postmaster == survivor
    next_one.leave()
    assert workshop.postmaster is None


def test_a_killed_server_is_started_again_without_losing_a_committed_row(
    workshop: Workshop,
) -> None:
    client = workshop.spawn(
        "ask('create table kept as select 311 as number'); say('ready'); hear()\n"
        "say(server.recover(server.ensure_running())); say(ask('select number from kept'))"
    )
    assert client.hear() == "ready"
    killed = workshop.postmaster
    assert killed
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: workshop.postmaster is None)
    client.tell("go on")
    assert client.leave().split() == ["True", "311"]
    assert workshop.postmaster is None


def test_a_frozen_server_is_left_alone(workshop: Workshop) -> None:
    client = workshop.spawn(
        "way = server.ensure_running(); say('ready'); hear(); say(server.recover(way)); hear()"
    )
    assert client.hear() == "ready"
    server = psutil.Process(workshop.postmaster)
    server.suspend()
    client.tell("go on")
    assert client.hear() == "False"
    server.resume()
    assert workshop.postmaster == server.pid


def test_a_forked_child_counts_for_itself(workshop: Workshop) -> None:
    parent = workshop.spawn(
        "say(ask('select 1'))\n"
        "ready, tell = os.pipe()\n"
        "if os.fork() == 0:\n"
        "    os.write(tell, b'.'); hear(); say(ask('select 2')); sys.exit()\n"
        "os.read(ready, 1)\n"
    )
    assert parent.hear() == "1"
    parent.process.wait()
    assert workshop.postmaster, "the child still uses it"
    parent.tell("child, go on")
    assert parent.hear() == "2"
    eventually(lambda: workshop.postmaster is None)


def test_a_forked_child_does_not_unlock_for_its_parent(workshop: Workshop) -> None:
    parent = workshop.spawn(
        "say(ask('select 1'))\n"
        "if os.fork() == 0:\n"
        "    sys.exit()\n"
        "os.wait(); say('child gone'); hear()\n"
    )
    assert [parent.hear(), parent.hear()] == ["1", "child gone"]
    other = workshop.join()
    other.leave()
    assert workshop.postmaster, "the parent still uses it"
    parent.leave()
    assert workshop.postmaster is None


def test_a_child_killed_while_its_parent_starts_leaves_no_lock(workshop: Workshop) -> None:
    client = workshop.spawn(
        "from smart311.embedded_postgres import locks\n"
        "server.place.prepare()\n"
        "with locks.exclusive(server.place.start_lock, 1):\n"
        "    child = os.fork()\n"
        "    if child == 0:\n"
        "        hear(); os._exit(0)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    client.process.wait()
    workshop.join().leave()
    client.tell("child, end")


def test_ctrl_c_during_the_very_first_start_leaves_nothing_behind(workshop: Workshop) -> None:
    for delay in (0.1, 0.4, 0.7):
        client = workshop.spawn("say('here'); server.ensure_running()")
        assert client.hear() == "here"
        time.sleep(delay)
        os.killpg(client.process.pid, signal.SIGINT)
        client.process.communicate(timeout=60)
        assert workshop.postmaster is None
        assert not list(workshop.root.rglob("new-*"))
    workshop.join().leave()


def test_a_process_killed_while_making_the_data_folder_leaves_nothing_half_made(
    workshop: Workshop,
) -> None:
    client = workshop.spawn("server.ensure_running()")
    eventually(lambda: list(workshop.root.rglob("new-*/data/PG_VERSION")))
    client.kill()
    assert not workshop.place.data.exists()
    workshop.join().leave()


def test_a_process_killed_while_starting_the_server_is_no_hindrance(workshop: Workshop) -> None:
    workshop.join().leave()
    for delay in (0.0, 0.02, 0.05):
        client = workshop.spawn("say('here'); server.ensure_running()")
        assert client.hear() == "here"
        time.sleep(delay)
        client.kill()
        workshop.join().leave()
    assert workshop.postmaster is None


@pytest.mark.parametrize("buried", [True, False], ids=["alive", "zombie"])
def test_a_process_id_that_passed_to_somebody_else_is_no_hindrance(
    workshop: Workshop, buried: bool
) -> None:
    workshop.join().leave()
    owner = workshop.place.data.stat()
    command = ["sleep", "60" if buried else "0"]
    stranger = subprocess.Popen(command, user=owner.st_uid, cwd=workshop.root)
    if not buried:
        eventually(lambda: psutil.Process(stranger.pid).status() == psutil.STATUS_ZOMBIE)
    place = workshop.place
    place.prepare_socket_folder()
    for note in (place.data / "postmaster.pid", place.socket_folder / ".s.PGSQL.5432.lock"):
        note.write_text(f"{stranger.pid}\n{place.data}\n1\n5432\n/tmp\n\n1 1\nready\n")
        os.chown(note, owner.st_uid, owner.st_gid)
    workshop.join().leave()
    stranger.kill()
    stranger.wait()


def test_a_socket_swept_away_with_tmp_comes_back(workshop: Workshop) -> None:
    client = workshop.spawn(
        "way = server.ensure_running(); say('ready'); hear()\n"
        "server.recover(way); say(ask('select 1'))"
    )
    assert client.hear() == "ready"
    for file in workshop.place.socket_folder.iterdir():
        file.unlink()
    workshop.place.socket_folder.rmdir()
    client.tell("go on")
    assert client.leave() == "1"


def test_waiting_for_another_start_ends_with_a_clear_word(workshop: Workshop) -> None:
    server = workshop.server
    server.place.prepare()
    with (
        locks.exclusive(server.place.start_lock, 1),
        pytest.raises(EmbeddedPostgresError, match="another process has been starting"),
    ):
        server.ensure_running(patience_seconds=0.1)


def test_a_server_that_cannot_start_says_why(workshop: Workshop) -> None:
    workshop.join().leave()
    with (workshop.place.data / "postgresql.conf").open("a") as configuration:
        configuration.write("shared_buffers = nonsense\n")
    client = workshop.spawn("server.ensure_running()")
    errors = client.process.communicate()[1]
    assert 'invalid value for parameter "shared_buffers": "nonsense"' in errors.splitlines()[-1]
    assert workshop.postmaster is None
