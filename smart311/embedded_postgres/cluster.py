"""Making a new data folder, whole or not at all."""

import os
import secrets
import shutil
import tempfile
from pathlib import Path

from .errors import EmbeddedPostgresError
from .places import Place
from .programs import MAJOR_VERSION, Programs

ROLE = "smart311"
DATABASE = "smart311"
SUPERUSER = "postgres"
# Written to postgresql.conf, where the owner of the data may change them.
CONFIGURATION = {
    "max_connections": "100",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",  # an import of a year's complaints without a storm of checkpoints
    "random_page_cost": "1.1",  # solid-state disks
    "jit": "off",  # costs more than it saves on short queries
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
INITDB = [
    f"--username={SUPERUSER}",
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    # PostgreSQL's own collation: the same order and upper case on every system.
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--data-checksums",
    *(f"--set={name}={value}" for name, value in CONFIGURATION.items()),
]


def create_cluster(place: Place, programs: Programs) -> None:
    """Make the data folder, the password and the role and database `smart311`.

    All of it grows in a folder beside and is renamed into place last, so that an interruption at
    any moment leaves nothing half made. Call it under the start lock.
    """
    for leftover in place.home.glob("new-*"):
        # An initdb whose starter was killed may still be writing there.
        shutil.rmtree(leftover, ignore_errors=True)
    staging = Path(tempfile.mkdtemp(prefix="new-", dir=place.home))
    try:
        password = secrets.token_urlsafe(24)
        password_file = staging / "password"
        password_file.write_text(password)
        password_file.chmod(0o600)
        place.give_to_account(password_file)
        place.give_to_account(staging)
        _initialise(programs, staging / "data", password_file, password)
        _keep(password_file, place.password)
        (staging / "data").rename(place.data)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def check_version(place: Place) -> None:
    """Raise EmbeddedPostgresError unless the data folder is one our programs can read."""
    try:
        found = (place.data / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise EmbeddedPostgresError(
            f"{place.data} is not a readable PostgreSQL data folder ({error.strerror}); move it "
            f"away and a new one will be made"
        ) from error
    if found != str(MAJOR_VERSION):
        raise EmbeddedPostgresError(
            f"{place.data} was made by PostgreSQL {found}, this is {MAJOR_VERSION}: dump it with "
            f"version {found}, move the folder away, start again and restore the dump"
        )


def _initialise(programs: Programs, data: Path, password_file: Path, password: str) -> None:
    programs.run("initdb", *INITDB, f"--pwfile={password_file}", f"--pgdata={data}")
    # An ordinary role: what gets into our SQL cannot read files or run programs.
    statements = [
        f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD '{password}'",
        f"CREATE DATABASE {DATABASE} OWNER {ROLE}",
    ]
    programs.run(
        "postgres", "--single", "-c", "exit_on_error=on", "-c", "log_min_messages=fatal",
        "-D", data, "postgres",
        stdin="".join(f"{statement}\n" for statement in statements),
    )  # fmt: skip


def _keep(password_file: Path, target: Path) -> None:
    if os.geteuid() == 0:
        owner = target.parent.stat()
        os.chown(password_file, owner.st_uid, owner.st_gid)
    password_file.replace(target)
