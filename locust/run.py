"""`make load PROFILE=…`: starts the stack as deployed, loads it, judges, writes docs/load.md.

The stack has a database of its own (`var/load`), so that no complaint of a test gets among real
ones; it is kept, and the next run starts in seconds. The load comes from other processors than
those that serve, where there are two or more.
"""

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from deployment import ROOT, LoadError, Processors, Stack, Watch, pinned
from document import write_document
from told import TOLD
from verdict import RUN, Finding, limits_for, read_thresholds, table

FOLDER = Path(__file__).resolve().parent
ROWS = 380_000
DAYS = 62
"""The complaints to begin with were filed within so many days up to yesterday."""
STOP_SECONDS = "10"


def main() -> int:
    """Run, and return the exit code: 0 if every profile passed."""
    arguments, more = read_arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stack = Stack(arguments.folder, Processors.share(not arguments.no_pin))
    say(f"Starting web, lane, worker and PostgreSQL in {stack.folder} (log: {stack.log}) …")
    try:
        with stack.running():
            fill(stack, arguments.rows)
            return max(try_profile(stack, name, arguments, more) for name in arguments.profile)
    except LoadError as error:
        say(str(error))
        return 2
    except KeyboardInterrupt:
        return 130


def try_profile(stack: Stack, name: str, arguments: argparse.Namespace, more: list[str]) -> int:
    """Load the stack, judge, and write what came of it; the exit code."""
    file = result_file(stack, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    load_before = os.getloadavg()[0]
    with stack.watched() as watch:
        code = load(stack, name, arguments, more)
    if not file.exists():
        return code or 2
    result = complete(json.loads(file.read_text()), stack, watch)
    result["machine"]["load_average_before"] = round(load_before, 1)
    file.write_text(json.dumps(result, indent=1) + "\n")
    if not arguments.no_docs:
        say(f"Written: {write_document(result, arguments.docs)}")
    return 0 if result["passed"] else 1


def read_arguments() -> tuple[argparse.Namespace, list[str]]:
    """Ours, and those that go to Locust."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Other options go to Locust: --scale 0.5, --capacity 600, names of user classes.",
    )
    parser.add_argument(
        "--profile",
        choices=[*TOLD, "all"],
        nargs="+",
        required=True,
        help="one or several, one after the other; all",
    )
    parser.add_argument("--duration", default="", help="make the profile so long (30s, 5m)")
    parser.add_argument(
        "--rows", type=int, default=ROWS, help=f"complaints to begin with ({ROWS:,})"
    )
    parser.add_argument("--processes", type=int, default=0, help="of the generator (one a core)")
    parser.add_argument("--no-pin", action="store_true", help="share all processors")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "var" / "load", help="database and results"
    )
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where load.md goes")
    parser.add_argument("--no-docs", action="store_true", help="leave docs/load.md as it is")
    arguments, more = parser.parse_known_args()
    if "all" in arguments.profile:
        arguments.profile = list(TOLD)
    return arguments, more


def fill(stack: Stack, rows: int) -> None:
    """See to it that there are so many complaints."""
    missing = rows - stack.size()[1]
    if missing <= 0:
        return
    say(f"Adding {missing:,} synthetic complaints …")
    start = date.today() - timedelta(days=DAYS)  # noqa: DTZ011  (a day more or less is the same)
    words = ["--start", str(start), "--days", str(DAYS), "--per-day", str(missing / DAYS)]
    stack.manage("simulate_complaints", *words, "--store")


def load(stack: Stack, name: str, arguments: argparse.Namespace, more: list[str]) -> int:
    """Run Locust to its end; its exit code."""
    file = result_file(stack, name)
    words = ["-f", str(FOLDER / "locustfile.py"), "--headless", "--only-summary"]
    words += ["--host", stack.address, "--lane-host", stack.lane_address]
    words += ["--profile", name, "--stop-timeout", STOP_SECONDS]
    words += ["--result", str(file), "--html", str(file.with_suffix(".html"))]
    words += ["--csv", str(file.with_suffix("")), "--json-file", str(file.with_suffix(".locust"))]
    words += ["--duration", arguments.duration] if arguments.duration else []
    words += capacity_of(stack)
    count = arguments.processes or len(stack.processors.generator)
    if count > 1 and (arguments.processes or not arguments.no_pin):
        words += ["--processes", str(count)]
    done = subprocess.run(  # noqa: S603  (our own program)
        [sys.executable, "-m", "locust", *words, *more],
        env=stack.environment,
        check=False,
        preexec_fn=pinned(stack.processors.generator),
    )
    return done.returncode


def capacity_of(stack: Stack) -> list[str]:
    """The knee that the last ramp on this machine found, for the overload."""
    file = result_file(stack, "ramp")
    if not file.exists():
        return []
    knee = json.loads(file.read_text())[RUN].get("knee_per_second")
    return ["--capacity", str(knee)] if knee else []


def complete(result: dict[str, Any], stack: Stack, watch: Watch) -> dict[str, Any]:
    """The result with what only the one who started the processes knows; judges memory."""
    growth = watch.growth_share()
    result[RUN]["memory_growth_share"] = growth
    limits = limits_for(read_thresholds(FOLDER / "thresholds.toml"), result["profile"], RUN)
    if (limit := limits.get("memory_growth_share")) is not None:
        finding = Finding("the run", "memory_growth_share", growth, limit)
        result["findings"].append({**asdict(finding), "is_good": finding.is_good})
        result["passed"] = result["passed"] and finding.is_good
        say(table([finding]))
    result["machine"] = {
        "processors": os.cpu_count(),
        "serving": len(stack.processors.server),
        "system": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
    }
    result["database"] = dict(zip(("bytes", "complaints"), stack.size(), strict=True))
    result["processor_seconds"] = watch.processor_seconds()
    result["memory"] = watch.memory
    return result


def result_file(stack: Stack, profile: str) -> Path:
    """Where the figures of a profile's last run are."""
    return stack.folder / "results" / f"{profile}.json"


def say(words: str) -> None:
    """Tell whoever waits."""
    print(words, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
