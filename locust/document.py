"""docs/load.md: figures and charts of the last run of each profile, and what a city needs."""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
from deployment import ROOT
from told import TOLD
from verdict import LOWEST

sys.path.insert(0, str(ROOT))
from smart311.capacity import Costs, needs

mpl.use("Agg")
from matplotlib import pyplot

FILING = "POST /api/v1/complaints/"
CITIES = (1_000, 10_000, 100_000, 1_000_000)
ENDPOINT_COLUMNS = ("requests", "per_second", "failures", "p50_ms", "p95_ms", "p99_ms")
INTRODUCTION = (Path(__file__).resolve().parent / "introduction.md").read_text()


def write_document(result: dict[str, Any], docs: Path) -> Path:
    """Keep this run, draw it, and write the whole document anew; the document's path."""
    folder = docs / "load"
    folder.mkdir(parents=True, exist_ok=True)
    name = result["profile"]
    draw(result, folder / f"{name}.png")
    kept = {key: value for key, value in result.items() if key not in {"samples", "memory"}}
    kept["megabytes"] = result["memory"][-1][1]
    (folder / f"{name}.json").write_text(json.dumps(kept, indent=1) + "\n")
    runs = [json.loads((folder / f"{each}.json").read_text()) for each in TOLD
            if (folder / f"{each}.json").exists()]  # fmt: skip
    parts = [INTRODUCTION.strip(), *map(section, runs)]
    if found := costs({run["profile"]: run for run in runs}):
        source, measured = found
        (folder / "costs.json").write_text(
            json.dumps({"source": source, "costs": measured.__dict__}, indent=1) + "\n"
        )
        parts.append(capacity(source, measured))
    path = docs / "load.md"
    path.write_text("\n\n".join(parts) + "\n")
    return path


def section(run: dict[str, Any]) -> str:
    """One profile's run."""
    name, machine = run["profile"], run["machine"]
    lines = [
        f"## {name}: {TOLD[name]}",
        f"{run['started_at']}, {machine['processors']} processors ({machine['serving']} for the "
        f"stack), {machine['system']}, load average {machine['load_average_before']} before it, "
        f"{run['database']['complaints']:,} complaints at the end"
        + (f", {run['duration']} s long" if run["duration"] else "")
        + (f", rates times {run['scale']:g}" if run["scale"] != 1 else "")
        + f". Verdict: **{'passed' if run['passed'] else 'fell short'}**.",
        f"![{name}](load/{name}.png)",
        endpoints(run),
        of_run(run),
    ]
    return "\n\n".join([*lines, *run["notes"]])


def endpoints(run: dict[str, Any]) -> str:
    """The table of endpoints."""
    rows = ["| | requests | /s | failures | p50 ms | p95 ms | p99 ms |", "|---|" + "---:|" * 6]
    named = [*run["endpoints"].items(), ("all", run["total"])]
    for name, figures in named:
        if not figures["requests"]:
            continue  # asked while warming up alone
        cells = (_cell(figures[column]) for column in ENDPOINT_COLUMNS)
        rows.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(rows)


def of_run(run: dict[str, Any]) -> str:
    """Ledger, figures of the whole run, processor time, memory, and what fell short."""
    lines = []
    if ledger := run["ledger"]:
        lines.append(
            f"Ledger: {ledger['accepted']:,} complaints accepted, {ledger['lost']} lost, "
            f"{ledger['doubled']} doubled, {ledger['altered']} altered, "
            f"{ledger['unanswered']} without an answer."
        )
    told = {"knee_per_second": "Knee: {} requests/s.", "recovery_seconds": "Recovery: {} s."}
    lines += [told[name].format(run["run"][name]) for name in told if run["run"].get(name)]
    spent = sum(run["processor_seconds"].values())
    by_service = ", ".join(f"{name} {s:g}" for name, s in run["processor_seconds"].items())
    lines.append(
        f"Processor seconds for {run['requests']:,} requests: {by_service}; "
        f"{1000 * spent / max(1, run['requests']):.1f} ms a request. "
        f"Megabytes at the end: {', '.join(f'{n} {mb:.0f}' for n, mb in run['megabytes'].items())}."
    )
    if (growth := run["run"].get("memory_growth_share")) is not None:
        lines.append(f"Memory of Python's processes grew by {100 * growth:.1f} %.")
    lines += [
        f"- fell short: {f['where']}, {f['what']} {_cell(f['figure'])}, "
        f"limit {'≥' if f['what'] in LOWEST else '≤'} {_cell(f['limit'])}"
        for f in run["findings"]
        if not f["is_good"]
    ]
    return "\n".join(lines)


def costs(runs: dict[str, dict[str, Any]]) -> tuple[str, Costs] | None:
    """What a filing and a read cost, from a run of the mix and, if there is one, of a storm."""
    mixed = next((runs[name] for name in ("steady", "soak", "smoke") if name in runs), None)
    if mixed is None or not mixed["requests"] or not mixed["ledger"]:
        return None
    filings = mixed["ledger"]["accepted"]
    spent = _spent(mixed)
    per_filing, source = spent / mixed["requests"], mixed["profile"]
    storm = runs.get("storm")
    if storm and storm["requests"]:
        per_filing, source = _spent(storm) / storm["requests"], f"{source} and storm"
    reads = mixed["requests"] - filings
    per_read = max(spent - filings * per_filing, 0.1 * spent) / max(1, reads)
    database = mixed["database"]
    return source, Costs(
        round(per_filing, 6),
        round(per_read, 6),
        round(database["bytes"] / max(1, database["complaints"])),
        round(1e6 * sum(mixed["megabytes"].values())),
    )


def _spent(run: dict[str, Any]) -> float:
    return float(sum(run["processor_seconds"].values()))


def capacity(source: str, measured: Costs) -> str:
    """The table of cities."""
    lines = [
        "## What a city needs",
        f"Computed by `manage.py capacity --city-size N` from what the runs {source} cost: "
        f"{1000 * measured.seconds_per_filing:.1f} ms of processor time a complaint, "
        f"{1000 * measured.seconds_per_read:.1f} ms a read, "
        f"{measured.bytes_per_complaint / 1000:.1f} kB of database a complaint (with its indexes, "
        "history and roll-ups). Ten reads for each complaint, the busiest seconds of the busiest "
        "hour of a busy day, processors half idle; a quarter of the year's data in memory.",
        "| complaints a day | filed/s | read/s | processors | memory GB | disk GB a year |\n"
        + "|---:" * 6 + "|\n"
        + "\n".join(
            f"| {n.complaints_per_day:,} | {n.filings_per_second:.2f} | {n.reads_per_second:.1f} | "
            f"{n.processors} | {n.memory_bytes / 1e9:.1f} | {n.disk_bytes_a_year / 1e9:,.0f} |"
            for n in (needs(size, measured) for size in CITIES)
        ),
    ]  # fmt: skip
    return "\n\n".join(lines)


def draw(result: dict[str, Any], path: Path) -> None:
    """Requests a second above, times below."""
    samples = result["samples"]
    at = [sample["at"] for sample in samples]
    figure, (above, below) = pyplot.subplots(2, 1, sharex=True, figsize=(9, 5))
    above.plot(at, [sample["users"] for sample in samples], "--", label="asked for")
    above.plot(at, [sample["per_second"] for sample in samples], label="answered")
    for name in ("failures", "refused"):
        if any(sample[name] for sample in samples):
            above.plot(at, [sample[name] for sample in samples], label=name)
    above.set_ylabel("requests/s")
    for name in ("p50_ms", "p95_ms"):
        times = [float("nan") if s[name] is None else max(1.0, s[name]) for s in samples]
        below.plot(at, times, label=name[:3])
    below.set_yscale("log")
    below.set_ylabel("ms")
    below.set_xlabel("seconds")
    for axes in (above, below):
        axes.grid(visible=True, alpha=0.3)
        axes.legend(loc="upper left")
    figure.suptitle(f"{result['profile']}, {result['started_at']}")
    figure.tight_layout()
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def _cell(value: Any) -> str:
    return "–" if value is None else f"{value:,.4g}" if isinstance(value, float) else f"{value:,}"
