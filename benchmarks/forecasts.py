"""Forecasts beside the alternatives: `make bench`, under ten minutes, writes docs/benchmarks.md.

Contenders start one after the other, the server on one core and whoever asks on another, several
rounds in turn; what counts are ratios of medians within the run. Everything it makes lies in a
folder of its own (`--folder`), which a second run uses again.
"""

import argparse
import contextlib
import itertools
import json
import os
import platform
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlencode

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import goals
from goals import LANE, LARGE, WEB, Figures, Goal
from pinned import ROOT, Contender, Server, pin_client, running
from raw_load import Load, at_rate, flat_out

CLIENTS, WARM_SECONDS, LARGE_ROWS = 8, 0.7, 10_000
CONTENDERS = HERE / "contenders"
Rounds = dict[str, list[Figures]]


def main() -> None:
    """Prepare, measure, write."""
    parser = argparse.ArgumentParser(description="Forecasts beside the alternatives")
    parser.add_argument("--folder", type=Path, default=ROOT / "var" / "bench")
    parser.add_argument("--python", type=Path, required=True, help="one that has FastAPI")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="of each contender and round (3)")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks.md")
    arguments = parser.parse_args()
    bench = Bench(arguments.folder.resolve(), arguments.python, arguments.seconds)
    started, load_before = time.monotonic(), os.getloadavg()[0]
    bench.prepare()
    rounds: Rounds = defaultdict(list)
    for number in range(arguments.rounds):
        print(f"round {number + 1} of {arguments.rounds}", flush=True)
        bench.measure(rounds)
    bench.add_calm()
    text = report(rounds, bench, load_before, time.monotonic() - started)
    arguments.output.write_text(text)
    print(text)


class Bench:
    """The world, the contenders and what was seen of them."""

    def __init__(self, folder: Path, python: Path, seconds: float) -> None:
        self.folder, self.seconds, self.log = folder, seconds, folder / "contenders.log"
        self.environment = {
            **os.environ,
            "VAR_FOLDER": str(folder),
            "WORLD": str(folder),
            "PYTHONPATH": str(ROOT),
            "LIMIT_ANONYMOUS_READING": "1000000000",
            "OMP_WAIT_POLICY": "passive",
        }
        self.environment.pop("DATABASE_URL", None)
        self.python = str(python.absolute())
        self.extra: list[Goal] = []
        self.calm: list[tuple[str, float, Load]] = []

    def prepare(self) -> None:
        """Database, model, forest and questions; a database connection keeps the server up."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._run(sys.executable, str(HERE / "forecast_world.py"))
        if not (self.folder / "forest.joblib").exists():
            self._run(self.python, str(CONTENDERS / "tutorial.py"), str(self.folder))
        pin_client()
        os.environ["VAR_FOLDER"] = str(self.folder)
        os.environ["DJANGO_SETTINGS_MODULE"] = "smart311.settings"
        import django

        django.setup()
        from django.db import connection

        connection.ensure_connection()
        self.questions = json.loads((self.folder / "questions.json").read_text())

    def measure(self, rounds: Rounds) -> None:
        """One round of every contender."""
        alone = self._run(sys.executable, str(CONTENDERS / "model_alone.py"), str(self.folder))
        for name, key in ((goals.ALONE, "one"), (goals.ALONE_MANY, "many")):
            rounds[name].append(Figures(*json.loads(alone)[key]))
        for contender, asked in self.servers():
            with self.running(contender) as server:
                rounds[contender.name].append(self.flat_out(server, asked))
                if contender.name in {LANE, WEB}:
                    self.weigh(contender.name, server)
                if contender.name == goals.B_DEF:
                    batch = self.bodies("/batch", 1_000)
                    rounds[goals.B_BATCH].append(self.flat_out(server, batch, 1_000))
                if contender.name == WEB:
                    batch = self.bodies("/api/v1/predictions/", 1_000)
                    rounds[goals.BATCH].append(self.flat_out(server, batch, 1_000))
                    self.large(server, rounds)

    def servers(self) -> Iterator[tuple[Contender, Callable[[], Iterator[bytes]]]]:
        """Each with what it is asked."""
        from smart311.management.commands.start import lane_command, web_command

        uvicorn = [self.python, "-m", "uvicorn", "--app-dir", str(CONTENDERS), "--port", "{port}",
                   "--no-access-log", "--log-level", "warning"]  # fmt: skip
        fast = [*uvicorn, "--loop", "uvloop", "--http", "httptools"]
        address, one = "127.0.0.1:{port}", ["--workers", "1"]
        lane, web = lane_command(address), web_command(address)
        hello = ["--pythonpath", str(CONTENDERS)]
        yield Contender(goals.A, [*uvicorn, "tutorial:app"], "/docs"), self.paths("/predict/")
        yield Contender(goals.B, [*fast, "modern:app"], "/docs"), self.paths("/async/")
        yield Contender(goals.B_DEF, [*fast, "modern:app"], "/docs"), self.paths("/def/")
        yield Contender(goals.ASGI, [*lane[:-1], *hello, "hello:asgi"]), self.paths("/")
        yield Contender(goals.WSGI, [*web[:-1], *one, *hello, "hello:wsgi"]), self.paths("/")
        yield Contender(LANE, lane, "/readyz"), self.paths("/predict_async/")
        yield Contender(WEB, [*web[:-1], *one, web[-1]], "/readyz"), self.paths("/predict/")

    def running(self, contender: Contender) -> contextlib.AbstractContextManager[Server]:
        """The contender, started."""
        print(f"    {contender.name}", flush=True)
        return running(contender, self.environment, self.log)

    def paths(self, prefix: str) -> Callable[[], Iterator[bytes]]:
        """The questions as requests, again and again."""
        found = []
        for question in self.questions:
            rest = {name: value for name, value in question.items() if name != "complaint_type"}
            path = f"{prefix}{quote(question['complaint_type'])}?{urlencode(rest)}"
            found.append(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        return lambda: itertools.cycle(found)

    def bodies(self, path: str, rows: int) -> Callable[[], Iterator[bytes]]:
        """Batches as requests, again and again."""
        found = []
        for first in range(0, len(self.questions), rows):
            body = json.dumps(self.questions[first : first + rows]).encode()
            found.append(
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
                + body
            )
        return lambda: itertools.cycle(found)

    def flat_out(
        self, server: Server, asked: Callable[[], Iterator[bytes]], rows: int = 1
    ) -> Figures:
        """Answers (or rows) a second, and processor time of each."""
        clients = CLIENTS if rows == 1 else 2
        flat_out(server.port, asked(), clients, WARM_SECONDS)
        before = server.cpu_seconds()
        load = flat_out(server.port, asked(), clients, self.seconds)
        return _figures(load, server.cpu_seconds() - before, rows)

    def large(self, server: Server, rounds: Rounds) -> None:
        """One batch as large as it may be, at a time."""
        asked = self.bodies("/api/v1/predictions/", LARGE_ROWS)
        before = server.cpu_seconds()
        load = flat_out(server.port, asked(), 1, self.seconds)
        rounds[LARGE].append(_figures(load, server.cpu_seconds() - before, LARGE_ROWS))
        slowest = max(load.seconds)
        self.note(Goal("batch of 10,000, the slowest", slowest, 3, at_most=True, unit="s"))
        peak = server.peak_megabytes()
        self.note(Goal("web worker at its peak, batches included", peak, 300, True, "MB"))

    def weigh(self, name: str, server: Server) -> None:
        """Memory after the load, and how long the start took."""
        who, most = ("lane", 150) if name == LANE else ("web worker", 180)
        self.note(Goal(f"{who}, memory", server.worker_megabytes(), most, True, "MB"))
        if name == LANE:
            self.note(Goal("lane, ready after", server.ready_seconds, 2, True, "s"))

    def note(self, goal: Goal) -> None:
        """Keep the worst of the rounds."""
        same = [one for one in self.extra if one.name == goal.name]
        if same and same[0].got >= goal.got:
            return
        self.extra = [one for one in self.extra if one.name != goal.name] + [goal]

    def add_calm(self) -> None:
        """At half of what they can, how far slow answers are from usual ones, and what delays."""
        for contender, asked in self.servers():
            if contender.name not in {LANE, WEB}:
                continue
            who = contender.name.partition(",")[0]
            quiet, busy = (("FORECAST_REFRESH_SECONDS", each) for each in ("3600", "0.25"))
            with self.running(replace(contender, environment=())) as server:
                most = flat_out(server.port, asked(), CLIENTS, self.seconds).per_second
                usual = self.half(who, server, asked, most / 2)
                spread = usual.milliseconds(0.99) / usual.milliseconds(0.5)
                self.extra.append(Goal(f"{who}, p99 of p50 at half load", spread, 5, True))
            with self.running(replace(contender, environment=(quiet,))) as server:
                still = self.half(f"{who}, nothing renewed", server, asked, most / 2)
            with self.running(replace(contender, environment=(busy,))) as server:
                renewed = self.half(f"{who}, renewed every 0.25 s", server, asked, most / 2)
                with switching():
                    switched = self.half(f"{who}, and a model a second", server, asked, most / 2)
            for what, load in (("renewing", renewed), ("a model switch", switched)):
                more = load.milliseconds(0.999) - still.milliseconds(0.999)
                goal = Goal(f"{who}, {what} adds to p99.9", more, 5, True, "ms")
                self.extra.append(goal)

    def half(
        self, what: str, server: Server, asked: Callable[[], Iterator[bytes]], rate: float
    ) -> Load:
        """A while at this rate."""
        flat_out(server.port, asked(), CLIENTS, WARM_SECONDS)
        load = at_rate(server.port, asked(), rate, self.seconds * 1.5)
        if load.errors:
            raise SystemExit(f"{load.errors} bad answers, the first: {load.first_error!r}")
        self.calm.append((what, rate, load))
        return load

    def _run(self, *command: str) -> str:
        done = subprocess.run(  # noqa: S603  (our own programs)
            command, env=self.environment, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout


@contextlib.contextmanager
def switching() -> Iterator[None]:
    """Two versions of the model serve in turn, a second each."""
    from django.db import connection

    from predictions.models import ModelVersion

    active = ModelVersion.objects.active().get()
    first = active.pk
    active.pk, active.version, active.status = None, "bench-twin", "retired"
    ModelVersion.objects.filter(version=active.version).delete()
    active.save(force_insert=True)
    stopped = threading.Event()

    def switch() -> None:
        for serving, resting in itertools.cycle(((active.pk, first), (first, active.pk))):
            ModelVersion.objects.filter(pk=resting).update(status="retired")
            ModelVersion.objects.filter(pk=serving).update(status="active")
            if stopped.wait(1):
                break
        ModelVersion.objects.filter(pk=active.pk).update(status="retired")
        ModelVersion.objects.filter(pk=first).update(status="active")
        connection.close()

    thread = threading.Thread(target=switch)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _figures(load: Load, cpu_seconds: float, rows: int) -> Figures:
    if load.errors:
        raise SystemExit(f"{load.errors} bad answers, the first: {load.first_error!r}")
    count = len(load.seconds) * rows
    figures = Figures(count / load.took, cpu_seconds / count * 1e6)
    print(f"        {figures.per_second:,.0f}/s, {figures.cpu_microseconds:,.1f} µs", flush=True)
    return figures


def report(rounds: Rounds, bench: Bench, load: float, took: float) -> str:
    """The page."""
    found = goals.medians(rounds)
    wanted = [*goals.ratios(found), *bench.extra]
    cpu = next(
        (line.partition(":")[2].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
         if line.startswith("model name")),
        platform.machine(),
    )  # fmt: skip
    calm = "".join(
        f"| {name} | {rate:,.0f} | {one.milliseconds(0.5):.2f} | {one.milliseconds(0.99):.2f} | "
        f"{one.milliseconds(0.999):.2f} | {max(one.seconds) * 1000:.2f} |\n"
        for name, rate, one in bench.calm
    )
    return f"""# Benchmarks

Written by `make bench`; what it does stands in `benchmarks/forecasts.py`. Each contender answers
the same {len(bench.questions):,} questions (type, place, time) on one core, asked from another by
{CLIENTS} connections, in {len(rounds[goals.A])} rounds in turn; figures are medians. Compare them
within this page only: the machine ({cpu}, {os.cpu_count()} cores,
Python {platform.python_version()}) had a load of {load:.1f} before the start, and the run took
{took / 60:.1f} minutes.

## What was wanted

{goals.goal_table(wanted)}
## Contenders

{goals.contender_table(found, rounds)}
## At half load

| | requests/s | p50, ms | p99, ms | p99.9, ms | slowest, ms |
|---|---|---|---|---|---|
{calm}"""


if __name__ == "__main__":
    main()
