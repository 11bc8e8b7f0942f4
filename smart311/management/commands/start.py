"""`manage.py start`: what `make run` runs once everything is installed."""

import hashlib
import os
import secrets
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone
from django.utils.module_loading import import_string
from environs import Env, EnvError

from smart311.metrics import FOLDER_VARIABLE
from smart311.stack import Service, Stack, StackError, Stopped, check_port, stop_on_signals

SAMPLE_SOURCES = ("sample", "api")
SAMPLE_MAY_LAG = timedelta(hours=1)
READY_SECONDS = 60
MANAGE = [sys.executable, str(settings.BASE_DIR / "manage.py")]
# Through the interpreter: a script's first line breaks when the folder is moved. gunicorn closes an
# idle connection after two seconds, in the midst of what a client or proxy sends at that moment.
GUNICORN = [
    sys.executable, "-m", "gunicorn", "--no-control-socket", "--log-level", "warning",
    "--keep-alive", "15",
    "--chdir", str(settings.BASE_DIR), "-c", "python:smart311.gunicorn_hooks",
]  # fmt: skip


def web_command(bind: str) -> list[str]:
    """The web server on an address. A list of a hundred values is a long request line."""
    worker = "smart311.crowding.QueueWorker"
    return [*GUNICORN, "-b", bind, "-k", worker, "--workers", "2", "--threads", "8",
            "--limit-request-line", "8190", "smart311.wsgi"]  # fmt: skip


def lane_command(bind: str) -> list[str]:
    """The lane on an address."""
    worker = "predictions.lane_worker.LaneWorker"
    return [*GUNICORN, "-b", bind, "-k", worker, "predictions.asgi:application"]


@dataclass(frozen=True)
class Ports:
    """Where the two servers listen."""

    host: str
    web: int
    lane: int

    def bind(self, port: int) -> str:
        """The address a server listens on."""
        return f"[{self.host}]:{port}" if ":" in self.host else f"{self.host}:{port}"

    def address(self, port: int) -> str:
        """How this machine reaches a port, also where it listens on every interface."""
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104
        return f"http://{Ports(here, self.web, self.lane).bind(port)}"


class Command(BaseCommand):
    help = (
        "Prepare what is missing (database, fixtures, first model, static files, admin login), "
        "then run web, lane and worker until Ctrl-C."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stack = Stack(self._say)
        stop_on_signals()
        is_up = False
        try:
            ports = self._ports()
            self._prepare()
            self._serve(ports)
            is_up = True
            self.stack.watch()
        except Stopped:
            self._say("\nStopping …")
            if not is_up:
                sys.exit(130)
        except (StackError, OperationalError) as error:
            raise CommandError(str(error).strip()) from error
        finally:
            self.stack.stop()
            connection.close()

    def _say(self, words: str) -> None:
        self.stdout.write(words)
        self.stdout.flush()

    def _ports(self) -> Ports:
        env = Env()
        try:
            ports = Ports(
                env.str("HOST", "127.0.0.1"), env.int("PORT", 8000), env.int("LANE_PORT", 8001)
            )
        except EnvError as error:
            raise StackError(str(error)) from error
        check_port(ports.host, ports.web, "PORT")
        check_port(ports.host, ports.lane, "LANE_PORT")
        return ports

    def _prepare(self) -> None:
        self._step("Starting the database", self._database)
        self._step("Bringing its tables up to date", self._migrate)
        self._step(f"Loading the city {settings.CITY}", self._city)
        self._step("Loading sample complaints", self._sample)
        self._step("Training the first model", self._model)
        self._step("Comparing the sample with what was promised", self._promises)
        self._step("Collecting static files", self._static_files)

    def _step(self, what: str, do: Callable[[], str]) -> None:
        started_at = time.monotonic()
        self._say(f"{what} …")
        found = do()
        self._say(f"    {found} ({time.monotonic() - started_at:.1f} s)")

    def _database(self) -> str:
        connection.ensure_connection()
        version = connection.cursor().connection.server_version
        server = getattr(connection, "server", None)
        where = (
            f"data in {server.place.data}" if server else f"on {connection.settings_dict['HOST']}"
        )
        return f"PostgreSQL {version // 10000}.{version % 10000}, {where}"

    def _migrate(self) -> str:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if pending:
            call_command("migrate", interactive=False)
        return f"{len(pending)} migrations applied"

    def _city(self) -> str:
        if apps.get_model("complaints", "City").objects.filter(slug=settings.CITY).exists():
            return "is there"
        folder = settings.BASE_DIR / "fixtures" / settings.CITY
        if not folder.is_dir():
            raise StackError(
                f"the city {settings.CITY!r} is not in the database and there is no {folder}; "
                f"describe it in a folder and run: manage.py load_city FOLDER"
            )
        call_command("load_city", folder)
        return "loaded"

    def _sample(self) -> str:
        complaints = apps.get_model("complaints", "Complaint").objects
        if not settings.IS_EMBEDDED:
            return "left out: the database is not the embedded one"
        if complaints.exclude(source__in=SAMPLE_SOURCES).exists():
            return "left out: there are real ones"
        just_now = timezone.now() - SAMPLE_MAY_LAG
        if complaints.filter(created_at__gt=just_now, source="sample").exists():
            return "up to date"
        self.stack.run(Service("load_sample", [*MANAGE, "load_sample"]))
        return "what has happened by now"

    def _model(self) -> str:
        if not _active_model():
            self.stack.run(Service("train_model", [*MANAGE, "train_model", "--single"]))
        if version := _active_model():
            return f"{version} is active"
        return "no model is active yet; forecasts answer 503 until one is"

    def _promises(self) -> str:
        complaints = apps.get_model("complaints", "Complaint").objects
        if not _active_model() or not complaints.filter(source="sample", promised_by="").exists():
            return "nothing to compare"
        out = StringIO()
        call_command("promise_sample", stdout=out)
        return out.getvalue().strip()

    def _static_files(self) -> str:
        note = settings.STATIC_ROOT / ".collected"
        fingerprint = _static_fingerprint()
        if note.exists() and note.read_text() == fingerprint:
            return "unchanged"
        call_command("collectstatic", interactive=False, verbosity=0)
        note.write_text(fingerprint)
        return f"in {settings.STATIC_ROOT}"

    def _serve(self, ports: Ports) -> None:
        started_at = time.monotonic()
        os.environ[FOLDER_VARIABLE] = str(_fresh_metrics_folder())
        # glibc gives each thread a heap of its own, and what a large answer took stays in it.
        os.environ.setdefault("MALLOC_ARENA_MAX", "2")
        self._say("Starting web, lane and worker …")
        for service in (
            Service("web", web_command(ports.bind(ports.web))),
            Service("lane", lane_command(ports.bind(ports.lane))),
            Service("worker", [*MANAGE, "db_worker", "--no-reload"]),
        ):
            self.stack.start(service)
        here, lane_here = ports.address(ports.web), ports.address(ports.lane)
        sign = "readyz" if _active_model() else "healthz"
        self.stack.wait_until_ready([f"{here}/{sign}", f"{lane_here}/{sign}"], READY_SECONDS)
        self._say(f"    ready ({time.monotonic() - started_at:.1f} s)")
        login = _admin_login()
        self._say(
            f"\n"
            f"Dashboard    {here}/dashboard/\n"
            f"API          {here}/docs\n"
            f"Admin        {here}/admin/  {login}\n"
            f"Fast lane    {lane_here}/predict_async/\n"
            f"Ctrl-C stops everything.\n"
        )


def _fresh_metrics_folder() -> Path:
    """Where the processes count; numbers of an earlier run would be those of dead processes."""
    folder: Path = settings.VAR_FOLDER / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder.resolve()


def _active_model() -> str:
    """The version that serves, if this program can load it: after an update it may not."""
    found: str = import_string("predictions.registry.serving_version")(settings.CITY)
    return found


def _admin_login() -> str:
    """Create the first admin; say how to log in, the password only if it is new and random."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return "(with the login made before)"
    name = os.environ.get("ADMIN_USERNAME") or "admin"
    given = os.environ.get("ADMIN_PASSWORD")
    password = given or secrets.token_urlsafe(12)
    users.create_superuser(name, os.environ.get("ADMIN_EMAIL", ""), password)
    return f"{name} / {'the password you gave' if given else f'{password}  (shown only once)'}"


def _static_fingerprint() -> str:
    """Changes when any static file does."""
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = os.stat(storage.path(path))
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
