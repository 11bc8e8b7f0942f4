"""How fast open data is imported, beside psql's \\copy of the same columns into a bare table.

In one run and a database of its own that is removed again. The file is New York's form: one that is
given, or invented complaints. Measured are, each with the wall clock and the processor time of ours
and of PostgreSQL's process with its helpers: \\copy; the import into an empty database; the same
file again; a tenth of the rows as another source, into a table in use, without and with complaints
being filed meanwhile (their latency is printed). Peak memory after a tenth of the file and after
all of it.
"""

import argparse
import contextlib
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smart311.settings")

from benchmarks.filing import Server

TICKS = os.sysconf("SC_CLK_TCK")
FILINGS_A_SECOND = 10
DAYS, PER_DAY = 40, 10_000


@dataclass
class Cost:
    """What something took, in seconds."""

    wall: float = 0.0
    ours: float = 0.0
    database: float = 0.0
    rows: int = 0


def main() -> None:
    """Parse, prepare, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path, nargs="?", help="NYC's form; default: invented rows")
    arguments = parser.parse_args()
    import django

    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            compare(arguments.file or invented(Path(folder)), Path(folder))
    finally:
        teardown_databases(databases, verbosity=0)


def invented(folder: Path) -> Path:
    """Complaints of forty days."""
    from django.core.management import call_command

    path = folder / "invented.csv.gz"
    call_command("simulate_complaints", days=DAYS, per_day=float(PER_DAY), output=str(path))
    return path


def compare(file: Path, folder: Path) -> None:
    """All measurements in turn."""
    from django.core.management import call_command

    from complaints.models import City

    call_command("load_city", FOLDER.parent / "fixtures" / "nyc", stdout=open(os.devnull, "w"))  # noqa: SIM115
    city = City.objects.get()
    rows, clean = cleaned(file, city, folder)
    print(f"{rows:,} rows")
    copied = median_cost(lambda: copy(clean), 3)
    show("psql \\copy into a bare table", rows, copied)
    # A tenth first, taken back: what it needed is the memory to compare with.
    tenth = memory_of(lambda: undone(lambda: load(file, city, "tenth", rows // 10)))
    first = measured(lambda: load(file, city, "first"))
    show("empty database", rows, first)
    print(f"{'':30}peak memory {tenth:,.0f} MB after a tenth, {memory():,.0f} MB after all")
    again = measured(lambda: load(file, city, "first"))
    show("the same file again", rows, again)
    with another_connection():
        used = measured(lambda: load(file, city, "second", rows // 10))
        show("a tenth, table in use", used.rows, used)
    meanwhile(lambda: load(file, city, "third", rows // 10))
    print(f"empty database : \\copy = {copied.wall / first.wall:.1%} of its speed")
    processor = (first.ours + first.database) / (again.ours + again.database)
    clock = first.wall / again.wall
    print(f"first : again = {clock:.2f} by the clock, {processor:.2f} of processor time")


def cleaned(file: Path, city: Any, folder: Path) -> tuple[int, Path]:
    """The same columns that are staged, as CSV for \\copy."""
    from django.utils import timezone

    from complaints.opendata.cleaning import Choice, clean
    from complaints.opendata.mapping import mapping_named
    from complaints.opendata.reader import read_batches

    path, rows, choice = folder / "clean.csv", 0, Choice(observed_at=timezone.now())
    with path.open("wb") as out:
        for batch in read_batches(file):
            found = clean(batch.frame, mapping_named("nyc"), city, choice).rows
            found.write_csv(out, include_header=False, datetime_format="%Y-%m-%d %H:%M:%S%.6f+00")
            rows += len(found)
    return rows, path


def copy(path: Path) -> None:
    """\\copy into a table without index, constraint and trigger."""
    from complaints.opendata.cleaning import STAGED

    columns = ", ".join(f"{name} {kind}" for name, kind in STAGED.items())
    sql = f"CREATE TABLE bare ({columns});"
    psql("-c", sql, "-c", f"\\copy bare FROM '{path}' (FORMAT csv)", "-c", "DROP TABLE bare")


def psql(*arguments: str) -> None:
    """Run psql on the benchmark's database."""
    from django.db import connection

    command, environment = connection.client.settings_to_cmd_args_env(connection.settings_dict, [])
    subprocess.run(  # noqa: S603
        [*command, "-q", "-v", "ON_ERROR_STOP=1", *arguments],
        env={**os.environ, **(environment or {})},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def load(file: Path, city: Any, source: str, most: int | None = None) -> int:
    """Import the file, or its beginning, as a source of its own; how many rows."""
    from complaints.opendata import loading
    from complaints.opendata.mapping import mapping_named
    from complaints.opendata.reader import read_batches
    from complaints.opendata.rejects import Rejects

    def batches() -> Iterator[Any]:
        read = 0
        for batch in read_batches(file):
            yield batch
            read += len(batch.frame)
            if most and read >= most:
                return

    return loading.import_batches(
        batches(), city, mapping_named("nyc"), rejects=Rejects(), source=source
    ).read


def undone(work: Callable[[], object]) -> None:
    """What happens has not happened."""
    from django.db import transaction

    with transaction.atomic():
        work()
        transaction.set_rollback(True)


@contextlib.contextmanager
def another_connection() -> Iterator[None]:
    """Somebody else is connected, as where the database is in use."""
    from django.db import connection

    other = connection.copy()
    other.ensure_connection()
    try:
        yield
    finally:
        other.close()


def measured(work: Callable[[], int | None]) -> Cost:
    """What it takes, with the time of our connection's process in PostgreSQL."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    wall, ours, database = time.perf_counter(), time.process_time(), cpu_of(pid)
    rows = work() or 0
    return Cost(
        time.perf_counter() - wall, time.process_time() - ours, cpu_of(pid) - database, rows
    )


def median_cost(work: Callable[[], None], times: int) -> Cost:
    """The median of the wall clock."""
    return Cost(wall=statistics.median(measured(work).wall for _ in range(times)))


def cpu_of(pid: int) -> float:
    """Processor seconds of a process of PostgreSQL and of all that has ended on that server.

    So its helpers count, and nothing else may use the server meanwhile.
    """
    fields = _fields(pid)
    server = _fields(int(fields[1]))
    own, helpers = fields[11:13], server[13:15]
    return sum(map(int, own + helpers)) / TICKS


def _fields(pid: int) -> list[str]:
    """What /proc tells of a process, from its state on."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()


def memory() -> float:
    """Our peak, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def memory_of(work: Callable[[], object]) -> float:
    """The peak after some work."""
    work()
    return memory()


def meanwhile(work: Callable[[], int]) -> None:
    """File complaints while it runs, at a steady rate; print their latencies."""
    from predictions.tests.small_model import activate_small_model

    activate_small_model()
    server = Server("smart311.wsgi", database_url())
    body = {"complaint_type": "noise-residential", "lat": 40.75, "lon": -73.85}
    seconds: list[float] = []
    failed = 0
    client = httpx.Client()
    is_done = threading.Event()

    def file_steadily() -> None:
        nonlocal failed
        while not is_done.is_set():
            begun = time.perf_counter()
            answer = client.post(f"{server.address}/input/", json=body, timeout=60)
            failed += answer.status_code != 201
            seconds.append(time.perf_counter() - begun)
            time.sleep(max(0.0, 1 / FILINGS_A_SECOND - seconds[-1]))

    with server.running():
        thread = threading.Thread(target=file_steadily)
        thread.start()
        cost = measured(work)
        is_done.set()
        thread.join()
    p50, p99 = (sorted(seconds)[int(len(seconds) * share)] * 1000 for share in (0.5, 0.99))
    print(f"{'while filing':30}{cost.wall:7.1f} s; {len(seconds)} filed, {failed} failed, "
          f"p50 {p50:.0f} ms, p99 {p99:.0f} ms")  # fmt: skip


def database_url() -> str:
    """The benchmark's database, for the server."""
    from django.db import connection

    own: Any = connection.get_connection_params()
    server = getattr(connection, "server", None)
    own |= server.ensure_running() if server else {}
    login = f"{quote(own['user'], '')}:{quote(own['password'], '')}"
    place = f"{quote(str(own['host']), '')}:{own.get('port', 5432)}"
    return f"postgres://{login}@{place}/{connection.settings_dict['NAME']}"


def show(name: str, rows: int, cost: Cost) -> None:
    """A line of the table."""
    cpu = f", CPU {cost.ours:.1f} + {cost.database:.1f} s" if cost.ours else ""
    print(f"{name:30}{cost.wall:7.1f} s {rows / cost.wall:10,.0f} rows/s{cpu}", flush=True)


if __name__ == "__main__":
    main()
