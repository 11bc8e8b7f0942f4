"""The server process of a data folder: is it there, bring it up, shut it down.

PostgreSQL notes its process in `postmaster.pid`: process id, data folder, start time, port, socket
folder, address, shared memory, status. After a kill -9 the file stays, and the id may by now be
somebody else's. Call `bring_up` and `shut_down` under the start lock.
"""

import contextlib
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

from .errors import EmbeddedPostgresError
from .places import Place
from .programs import Programs, last_lines

PORT = 5432  # only part of the socket's name; nothing listens on the network
POLL_SECONDS = 0.02
LARGEST_LOG_BYTES = 5_000_000
STOP_SECONDS = 60
# Said while processes of a killed server finish their last query, or when a start that was
# interrupted went on by itself.
NOT_ALONE = ("pre-existing shared memory block", "another postmaster")


@dataclass(frozen=True)
class Postmaster:
    """A living server process and what it says of itself."""

    pid: int
    status: str  # starting, ready, stopping


def find(place: Place) -> Postmaster | None:
    """The living server process of this data folder, if there is one."""
    lines = _lines(place.data / "postmaster.pid")
    if not lines or not _is_postmaster(int(lines[0]), place):
        return None
    # The last of the eight lines comes last.
    return Postmaster(int(lines[0]), lines[7].strip() if len(lines) == 8 else "starting")


def is_listening(place: Place) -> bool:
    """Whether a server takes connections at the socket, if only to refuse them with a reason."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1)
        try:
            client.connect(str(_socket(place)))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:
            # A full queue or a frozen server, but a server.
            return True
    return True


def bring_up(place: Place, programs: Programs, patience_seconds: float) -> None:
    """Return when the server is ready. Raises EmbeddedPostgresError."""
    deadline = time.monotonic() + patience_seconds
    while (running := find(place)) is None or running.status != "ready" or not is_listening(place):
        if time.monotonic() >= deadline:
            state = f"process {running.pid} is still {running.status}" if running else "not running"
            raise EmbeddedPostgresError(
                f"the embedded PostgreSQL is not ready after {patience_seconds:g} s: {state} "
                f"(log: {place.log})"
            )
        if running is None:
            _start(place, programs, deadline)
        elif running.status == "ready":
            # Its socket is gone, say with a cleaning of /tmp: nobody can reach it any more.
            shut_down(place, programs)
        time.sleep(POLL_SECONDS)


def shut_down(place: Place, programs: Programs) -> bool:
    """Stop a running server, ending its sessions. Always True: it is gone now."""
    arguments = (
        "stop",
        "--wait",
        "--silent",
        f"--timeout={STOP_SECONDS}",
        f"--pgdata={place.data}",
    )
    try:
        programs.run("pg_ctl", *arguments, "--mode=fast")
    except EmbeddedPostgresError:
        # It may have ended by itself in between, else it does not listen: recovery mends the rest.
        if find(place) is not None:
            programs.run("pg_ctl", *arguments, "--mode=immediate")
    with contextlib.suppress(OSError):
        place.socket_folder.rmdir()
    return True


def _start(place: Place, programs: Programs, deadline: float) -> None:
    """Start the server, or return without where one of before is not quite gone or just coming."""
    place.prepare_socket_folder()
    _rotate_log(place)
    _remove_foreign_notes(place)
    before = place.log.stat().st_size if place.log.exists() else 0
    seconds = max(1, round(deadline - time.monotonic()))
    try:
        programs.run(
            "pg_ctl", "start", "--wait", "--silent", f"--timeout={seconds}",
            f"--pgdata={place.data}", f"--log={place.log}", f"--options={_options(place)}",
            patience_seconds=seconds + 30,
        )  # fmt: skip
    except EmbeddedPostgresError as error:
        reason = _log_since(place, before)
        if not any(text in reason for text in NOT_ALONE):
            raise EmbeddedPostgresError(
                f"the embedded PostgreSQL did not start: {error}; {reason} (log: {place.log})"
            ) from error


def _options(place: Place) -> str:
    """What must hold whatever the configuration file says.

    No network, our private socket, and a log without the values of statements that failed.
    """
    settings = {
        "listen_addresses": "''",
        "port": PORT,
        "unix_socket_directories": place.socket_folder,
        "unix_socket_permissions": "0700",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def _socket(place: Place) -> Path:
    return place.socket_folder / f".s.PGSQL.{PORT}"


def _lines(note: Path) -> list[str]:
    try:
        return note.read_text().splitlines()
    except FileNotFoundError:
        return []


def _is_postmaster(pid: int, place: Place) -> bool:
    try:
        process = psutil.Process(pid)
        is_postgres: bool = process.name() == "postgres"
        return is_postgres and Path(process.cwd()) == place.data.resolve()
    except psutil.Error:
        # Gone, a zombie nobody has buried, or somebody else's: the server runs as the data's owner.
        return False


def _remove_foreign_notes(place: Place) -> None:
    """Remove lock files whose process id has passed to a process that is no postmaster of ours.

    PostgreSQL sees only that the id lives (a zombie's too), and would refuse to start. A note of a
    dead process it handles itself, with more care: it looks for survivors in shared memory first.
    """
    socket_lock = _socket(place).with_name(f"{_socket(place).name}.lock")
    for note in (place.data / "postmaster.pid", socket_lock):
        lines = _lines(note)
        if lines:
            pid = int(lines[0])
            if psutil.pid_exists(pid) and not _is_postmaster(pid, place):
                note.unlink(missing_ok=True)


def _rotate_log(place: Place) -> None:
    with contextlib.suppress(FileNotFoundError):
        if place.log.stat().st_size > LARGEST_LOG_BYTES:
            place.log.replace(place.log.with_suffix(".log.1"))


def _log_since(place: Place, offset: int) -> str:
    try:
        with place.log.open(errors="replace") as log:
            log.seek(offset)
            return last_lines(log)
    except OSError:
        return "there is no log"
