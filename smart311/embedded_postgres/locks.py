"""File locks (flock) between the processes that share one embedded server.

The kernel drops a lock when its holder ends, however it ends, so nothing here can be left behind.
A flock belongs to the open file, which a forked child shares with its parent: a child must never
unlock what it inherited, only close it, and take its own.
"""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from .errors import EmbeddedPostgresError

POLL_SECONDS = 0.02

_held_exclusively: set[int] = set()


def _open(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    if os.geteuid() == 0:
        # Root leaves no file behind that the folder's owner could not open again.
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


@contextlib.contextmanager
def exclusive(path: Path, patience_seconds: float) -> Iterator[None]:
    """Hold `path` alone. Raises EmbeddedPostgresError if another process keeps it that long."""
    descriptor = _open(path)
    _held_exclusively.add(descriptor)
    try:
        _wait_for(descriptor, path, patience_seconds)
        try:
            yield
        finally:
            # Said aloud, not left to close(): a child forked meanwhile may hold a copy.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        _held_exclusively.discard(descriptor)
        os.close(descriptor)


def _wait_for(descriptor: int, path: Path, patience_seconds: float) -> None:
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise EmbeddedPostgresError(
                    f"another process has been starting or stopping the embedded PostgreSQL for "
                    f"more than {patience_seconds:g} s (it holds {path})"
                ) from None
            time.sleep(POLL_SECONDS)
        else:
            return


class SharedHold:
    """This process's share in `path`: as long as anybody has one, the server stays up."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    @property
    def is_taken(self) -> bool:
        """Whether this process has its share."""
        return self._descriptor is not None

    def take(self) -> None:
        """Take a share; a second call changes nothing. Call it under the start lock."""
        if self._descriptor is None:
            descriptor = _open(self.path)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                raise
            self._descriptor = descriptor

    def drop(self) -> bool:
        """Give the share back; True if it was the last one. Call it under the start lock."""
        if self._descriptor is None:
            return False
        descriptor, self._descriptor = self._descriptor, None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            return True
        finally:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)

    def renew_in_child(self) -> None:
        """After a fork: close the parent's share without unlocking it and take our own."""
        if self._descriptor is not None:
            inherited, self._descriptor = self._descriptor, None
            # The parent's share keeps everybody from holding the file alone, so this succeeds;
            # were the parent just leaving, the next connection takes the share instead.
            with contextlib.suppress(OSError):
                self.take()
            os.close(inherited)


def _close_inherited() -> None:
    for descriptor in _held_exclusively:
        os.close(descriptor)
    _held_exclusively.clear()


os.register_at_fork(after_in_child=_close_inherited)
