"""`make load PROFILE=…`: how processes are watched, and what docs/load.md says of a run."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
FOLDER = ROOT / "locust"
FIGURES = {
    "requests": 1000, "failures": 0, "failure_share": 0.0, "per_second": 110.0,
    "p50_ms": 10.0, "p95_ms": 120.0, "p99_ms": 150.0, "slowest_ms": 200.0,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _locust_folder() -> Iterator[None]:
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def module(name: str) -> Any:
    return importlib.import_module(name)


def test_generator_and_stack_get_processors_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    share = module("deployment").Processors.share
    for found, expected in [
        ({0}, ((0,), (0,))),
        ({0, 1}, ((0,), (1,))),
        (set(range(8)), (tuple(range(6)), (6, 7))),
    ]:
        monkeypatch.setattr("os.sched_getaffinity", lambda _, found=found: found, raising=False)
        whole = share()
        assert (whole.server, whole.generator) == expected
    assert share(False).server == share(False).generator == tuple(range(8))


def test_growth_compares_the_second_tenth_with_the_last() -> None:
    watch = module("deployment").Watch()
    for reading in range(20):
        web = 50.0 if reading < 2 else 100.0 if reading < 18 else 104.0
        watch.memory.append((reading, {"web": web, "postgres": 100.0 * reading}))
    assert watch.growth_share() == pytest.approx(0.04)
    assert module("deployment").Watch().growth_share() is None


def result(profile: str, **more: Any) -> dict[str, Any]:
    sample = {"at": 1.0, "users": 110, "per_second": 110.0, "failures": 0, "refused": 0}
    return {
        "profile": profile,
        "started_at": "2026-01-01T00:00:00+00:00",
        "duration": 0,
        "scale": 1.0,
        "passed": False,
        "requests": 1000,
        "notes": ["Open311Client did not run: the server does not offer it."],
        "ledger": {"accepted": 100, "lost": 0, "doubled": 0, "altered": 0, "unanswered": 0},
        "run": {"recovery_seconds": 3.0, "knee_per_second": None, "memory_growth_share": 0.01},
        "total": FIGURES,
        "endpoints": {"POST /api/v1/complaints/": FIGURES},
        "findings": [
            {"where": "all", "what": "p95_ms", "figure": 120.0, "limit": 100, "is_good": False}
        ],
        "samples": [{**sample, "p50_ms": 10.0, "p95_ms": None}] * 3,
        "memory": [[0.0, {"web": 100.0, "postgres": 50.0}]],
        "machine": {"processors": 2, "serving": 1, "system": "Linux", "load_average_before": 0.1},
        "database": {"bytes": 3_000_000, "complaints": 1000},
        "processor_seconds": {"web": 4.0, "postgres": 1.0},
        **more,
    }


def test_the_document_keeps_the_last_run_of_each_profile(tmp_path: Path) -> None:
    write = module("document").write_document
    write(result("storm", processor_seconds={"web": 10.0}), tmp_path)
    write(result("steady", requests=500), tmp_path)
    text = write(result("steady"), tmp_path).read_text()
    assert text.count("## steady:") == text.count("## storm:") == 1
    assert text.index("## steady:") < text.index("## storm:")
    assert "- fell short: all, p95_ms 120, limit ≤ 100" in text
    assert "Open311Client did not run" in text
    # A storm's request is a filing, 10 ms; what is left of steady's 5 s are 900 reads.
    assert "10.0 ms of processor time a complaint, 4.4 ms a read, 3.0 kB" in text
    assert (tmp_path / "load" / "steady.png").read_bytes().startswith(b"\x89PNG")


def test_profiles_ask_for_what_they_say() -> None:
    """In a process of its own: importing Locust changes the standard library."""
    code = """
from types import SimpleNamespace
from profiles import PROFILES
options = SimpleNamespace(duration=0, scale=1.0, capacity=400)
plans = {name: profile.planned(options) for name, profile in PROFILES.items()}
print(round(sum(phase.seconds * phase.rate for phase in plans["storm"])))
print(max(phase.rate for phase in plans["overload"]))
rates = {phase.name: phase.rate for phase in plans["spike"]}
print(rates["spike"] / rates["before"])
from told import TOLD
print(list(TOLD) == list(PROFILES))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["276827", "2000.0", "10.0", "True"], done.stderr
