"""One embedded server as seen from one of the processes that share it. Plain Python, no Django."""

import atexit
import contextlib
import functools
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from . import cluster, postmaster
from .errors import EmbeddedPostgresError
from .locks import SharedHold, exclusive
from .places import SYSTEM_FOLDER, Place, place_for
from .programs import Programs, programs_for

logger = logging.getLogger(__name__)

START_PATIENCE_SECONDS = 60.0
EXIT_PATIENCE_SECONDS = 15.0


class ConnectionParameters(TypedDict):
    """What libpq needs besides the name of the database."""

    host: str
    port: int
    user: str
    password: str


class EmbeddedServer:
    """The server of one data folder. Safe to use from many threads, processes and forks."""

    def __init__(self, folder: Path, system_folder: Path = SYSTEM_FOLDER) -> None:
        self._folder = folder
        self._system_folder = system_folder
        self._lock = threading.RLock()
        self._parameters: ConnectionParameters | None = None
        os.register_at_fork(after_in_child=self._after_fork_in_child)

    @functools.cached_property
    def place(self) -> Place:
        """Where its files are."""
        return place_for(self._folder, self._system_folder)

    @functools.cached_property
    def programs(self) -> Programs:
        """PostgreSQL's programs, run as the owner of the data."""
        return programs_for(self.place.account, self._system_folder)

    @functools.cached_property
    def _hold(self) -> SharedHold:
        return SharedHold(self.place.users_lock)

    def ensure_running(
        self, patience_seconds: float = START_PATIENCE_SECONDS
    ) -> ConnectionParameters:
        """Join the server, starting it (and making its data folder) if need be.

        The answer is kept: asking again costs nothing. Raises EmbeddedPostgresError.
        """
        with self._locked(patience_seconds):
            if self._parameters is None:
                self._parameters = self._join(patience_seconds)
            return self._parameters

    def recover(
        self,
        failed: ConnectionParameters,
        patience_seconds: float = START_PATIENCE_SECONDS,
    ) -> bool:
        """After connecting with `failed` did not work: is another attempt worth while?

        Brings a dead server back. False if one is listening: it had its own reason to refuse.
        """
        with self._locked(patience_seconds):
            # Another thread may have mended it since the attempt.
            if self._parameters is failed:
                if postmaster.is_listening(self.place):
                    return False
                self._parameters = None
        self.ensure_running(patience_seconds)
        return True

    def release(self) -> None:
        """Leave the server; the last process to leave stops it. Called at exit by itself."""
        try:
            with self._locked(EXIT_PATIENCE_SECONDS):
                self._parameters = None
                atexit.unregister(self.release)
                if self._hold.is_taken and self.place.home.is_dir():
                    with exclusive(self.place.start_lock, EXIT_PATIENCE_SECONDS):
                        if self._hold.drop():
                            self._shut_down()
        except (EmbeddedPostgresError, OSError) as error:
            logger.warning("the embedded PostgreSQL may still be running: %s", error)

    def stop(self) -> bool:
        """Stop the server whoever uses it; True if one was running."""
        if not self.place.home.is_dir():
            return False
        with exclusive(self.place.start_lock, START_PATIENCE_SECONDS):
            return self._shut_down()

    def _shut_down(self) -> bool:
        # The programs are looked for only if there is something to stop with them.
        is_there = postmaster.find(self.place) is not None
        return is_there and postmaster.shut_down(self.place, self.programs)

    def _join(self, patience_seconds: float) -> ConnectionParameters:
        place = self.place
        place.prepare()
        with exclusive(place.start_lock, patience_seconds):
            if not self._hold.is_taken:
                self._hold.take()
                atexit.register(self.release)
            if not place.data.is_dir():
                self._create()
            cluster.check_version(place)
            postmaster.bring_up(place, self.programs, patience_seconds)
        return {
            "host": str(place.socket_folder),
            "port": postmaster.PORT,
            "user": cluster.ROLE,
            "password": place.password.read_text(),
        }

    def _create(self) -> None:
        if self.place.account:
            logger.warning(
                "PostgreSQL does not run as root: the database is kept in %s and runs as %s",
                self.place.home,
                self.place.account.name,
            )
        cluster.create_cluster(self.place, self.programs)

    @contextlib.contextmanager
    def _locked(self, patience_seconds: float) -> Iterator[None]:
        if not self._lock.acquire(timeout=patience_seconds):
            raise EmbeddedPostgresError("another thread is still starting the embedded PostgreSQL")
        try:
            yield
        finally:
            self._lock.release()

    def _after_fork_in_child(self) -> None:
        # Another thread of the parent may have held it; that thread does not exist here.
        self._lock = threading.RLock()
        if self._parameters is not None:
            self._hold.renew_in_child()


@functools.cache
def server_for(folder: Path) -> EmbeddedServer:
    """This process's one view of the server in `folder`."""
    return EmbeddedServer(folder)
