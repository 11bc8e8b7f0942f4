"""Where the embedded server keeps its files, and whose they are.

An ordinary user's database lives in the folder named in the settings. PostgreSQL refuses to run as
root, so root's lives in a folder of its own under /var/lib and belongs to an unprivileged account
that exists already. Permissions of folders that are not ours are never touched.
"""

import contextlib
import errno
import functools
import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from .errors import EmbeddedPostgresError

ROOT = 0
# macOS has no /var/lib; its /var/db has the same purpose.
SYSTEM_FOLDER = Path("/var/lib" if Path("/var/lib").is_dir() else "/var/db") / "smart311"
# Sockets need a short path (103 bytes on Linux and macOS); a project's own can be any length.
SOCKET_PARENT = Path("/tmp")  # noqa: S108  (a private folder whose owner and mode are checked)
ACCOUNTS = ("postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """The unprivileged account PostgreSQL runs as when we are root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class Place:
    """The files of one embedded server. `account` is None when it runs as the current user."""

    home: Path
    account: Account | None

    @property
    def data(self) -> Path:
        """PostgreSQL's data folder."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.home / "log" / "postgresql.log"

    @property
    def password(self) -> Path:
        """The file with the password of the roles `smart311` and `postgres`."""
        return self.home / "password"

    @property
    def start_lock(self) -> Path:
        """Held alone while somebody starts or stops the server."""
        return self.home / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by every process that uses the server."""
        return self.home / "users.lock"

    @property
    def owner_uid(self) -> int:
        """Whose the data is."""
        return self.account.uid if self.account else os.geteuid()

    @functools.cached_property
    def socket_folder(self) -> Path:
        """A short path, the same for every process that uses this home."""
        return SOCKET_PARENT / f"smart311-{self.owner_uid}-{_digest(self.home)}"

    def give_to_account(self, path: Path) -> None:
        """Hand a file or folder we just made to the account, if there is one."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def prepare(self) -> None:
        """Create the home and its log folder. Raises EmbeddedPostgresError if it cannot be."""
        try:
            self._make_home()
            if not self.log.parent.is_dir():
                self.log.parent.mkdir(mode=0o700)
                self.give_to_account(self.log.parent)
        except OSError as error:
            raise EmbeddedPostgresError(
                f"cannot write to {self.home}: {error.strerror}. The embedded database needs a "
                f"folder it may write to; or name another server in DATABASE_URL"
            ) from error

    def _make_home(self) -> None:
        if self.home.is_dir():
            if not os.access(self.home, os.W_OK):
                raise PermissionError(errno.EACCES, "no permission, or a read-only file system")
            return
        if self.account:
            # The account has to pass through, whatever our umask is.
            for folder in (self.home.parent, self.home):
                with contextlib.suppress(FileExistsError):
                    folder.mkdir(parents=True)
                    folder.chmod(0o755)
        else:
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)

    def prepare_socket_folder(self) -> None:
        """Create the private folder of the socket, or check that the one there is ours."""
        folder = self.socket_folder
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            self.give_to_account(folder)
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {self.owner_uid, os.geteuid()}:
            raise EmbeddedPostgresError(
                f"{folder} belongs to somebody else (user id {found.st_uid}); remove it, the "
                f"embedded PostgreSQL needs it for its socket"
            )
        folder.chmod(0o700)
        self.give_to_account(folder)


def place_for(folder: Path, system_folder: Path = SYSTEM_FOLDER) -> Place:
    """The place of the server whose settings name `folder`.

    Root uses data that an ordinary user made in `folder` as that user.
    """
    folder = folder.resolve()
    if os.geteuid() != ROOT:
        return Place(folder, None)
    owner = _owner(folder / "data")
    if owner is not None and owner.uid != ROOT:
        return Place(folder, owner)
    home = system_folder / _digest(folder)
    return Place(home, _owner(home / "data") or _unprivileged_account())


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def _owner(path: Path) -> Account | None:
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        name = pwd.getpwuid(found.st_uid).pw_name
    except KeyError:
        name = str(found.st_uid)
    return Account(name, found.st_uid, found.st_gid)


def _unprivileged_account() -> Account:
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise EmbeddedPostgresError(
        f"PostgreSQL refuses to run as root and there is no account named "
        f"{' or '.join(ACCOUNTS)}; run as an ordinary user, or set DATABASE_URL"
    )
