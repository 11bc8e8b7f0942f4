"""The load test runs against a real server, and its verdict sees what servers do wrong."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from complaints.models import Complaint
from complaints.tests.factories import make_complaint, make_type
from dashboard.tests.small_city_server import small_city
from predictions.tests.small_model import activate_small_model

ROOT = Path(settings.BASE_DIR)
LOCUST = [sys.executable, "-m", "locust", "-f", str(ROOT / "locust" / "locustfile.py")]
PATIENT = "[any.run]\nlost = 0\ndoubled = 0\naltered = 0\n[any.total]\nfailure_share = 0\n"
"""Limits that do not depend on how fast the machine is."""
QUICK = PATIENT + "p95_ms = 200\n"
ASKED = {
    "GET /predict/{type}",
    "GET /predict_async/{type}",
    "GET /dashboard/",
    "GET /api/v1/complaints/?…",
    "GET /api/v1/complaints/{id}/",
    "POST /api/v1/complaints/",
    "GET /admin/complaints/complaint/",
    "GET /open311/v2/requests.json",
}
PATIENCE_SECONDS = 120


@dataclass
class Run:
    """Locust, started; `result` waits for its end."""

    process: subprocess.Popen[str]
    file: Path

    def end(self) -> tuple[int, str]:
        said = self.process.communicate(timeout=PATIENCE_SECONDS)[0]
        return self.process.returncode, said

    def result(self) -> tuple[int, dict[str, Any], str]:
        """Exit code, the JSON it wrote, and what it said."""
        code, said = self.end()
        assert self.file.exists(), said
        return code, json.loads(self.file.read_text()), said


def run(folder: Path, host: str, *words: str, limits: str = PATIENT, headless: bool = True) -> Run:
    """Start Locust."""
    folder.mkdir(exist_ok=True)
    (folder / "limits.toml").write_text(limits)
    options = ["--host", host, "--lane-host", host, "--result", str(folder / "result.json")]
    options += ["--thresholds", str(folder / "limits.toml"), "--only-summary"]
    options += ["--stop-timeout", "10", *(["--headless"] if headless else [])]
    process = subprocess.Popen(
        [*LOCUST, *options, *words],
        env={**os.environ, "ADMIN_USERNAME": "", "ADMIN_PASSWORD": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    return Run(process, folder / "result.json")


@pytest.mark.django_db(transaction=True)
def test_every_kind_of_user_works_with_a_real_server(
    live_server: LiveServer, tmp_path: Path
) -> None:
    for kind in ("noise-residential", "rodent"):
        make_complaint(complaint_type=make_type(kind), created_at=timezone.now())
    activate_small_model()
    get_user_model().objects.create_superuser("boss", "", "correct horse")
    login = ["--staff-user", "boss", "--staff-password", "correct horse"]
    profile = ["--profile", "steady", "--duration", "16s", "--scale", "0.2"]
    code, result, said = run(tmp_path, live_server.url, *profile, *login).result()
    failed = {name: row for name, row in result["endpoints"].items() if row["failures"]}
    assert (code, failed, result["passed"]) == (0, {}, True), said
    assert result["endpoints"].keys() >= ASKED
    assert result["ledger"]["accepted"] >= 3
    marked = Complaint.objects.filter(address__startswith="Load test ")
    assert marked.count() == result["ledger"]["accepted"]
    assert result["notes"] == []


FAULTS = ("", "loses", "doubles", "slow", "fails")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Run]]:
    """A load of filings on a server with each fault, all at the same time."""
    folder = tmp_path_factory.mktemp("load")
    words = ["--profile", "smoke", "--duration", "6s", "Filer"]
    with ExitStack() as stack:
        started: dict[str, Run] = {}
        for fault in FAULTS:
            server = stack.enter_context(small_city(fault))
            limits = QUICK if fault == "slow" else PATIENT
            started[fault] = run(folder / (fault or "none"), server.address, *words, limits=limits)
            stack.enter_context(started[fault].process)
            stack.callback(started[fault].process.kill)
        yield started


def test_a_server_that_does_everything_right_passes(runs: dict[str, Run]) -> None:
    code, result, said = runs[""].result()
    assert (code, result["passed"]) == (0, True), said
    assert result["ledger"]["accepted"] > 20
    assert result["total"]["per_second"] > 5
    assert "Every figure is within its limit" in said


@pytest.mark.parametrize(
    ("fault", "where", "what"),
    [
        ("loses", "the run", "lost"),
        ("doubles", "the run", "doubled"),
        ("fails", "all requests", "failure_share"),
        ("slow", "all requests", "p95_ms"),
    ],
)
def test_what_falls_short_fails_the_run_and_is_told(
    runs: dict[str, Run], fault: str, where: str, what: str
) -> None:
    code, result, said = runs[fault].result()
    short = [(row["where"], row["what"]) for row in result["findings"] if not row["is_good"]]
    assert (code, short) == (1, [(where, what)]), said
    assert f"1 of {len(result['findings'])} figures fell short" in said


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_several_processes_keep_one_ledger_and_expect_refusals(tmp_path: Path) -> None:
    port = str(free_port())
    words = ["--processes", "2", "--master-bind-port", port, "--master-port", port]
    load = ["--profile", "overload", "--duration", "10s", "--scale", "0.02", "Filer"]
    with small_city("refuses") as server:
        code, result, said = run(tmp_path, server.address, *words, *load).result()
        assert (code, result["run"]["lost"], result["run"]["doubled"]) == (0, 0, 0), said
        marks = [row["address"] for row in server.stored if row["address"]]
        told = result["ledger"]
        assert told["accepted"] + told["stored_without_answer"] == len(marks) > 20
    refused = result["endpoints"]["POST /api/v1/complaints/ (refused)"]
    assert refused["requests"] > 0 == result["total"]["failures"]


def test_the_web_interface_starts_a_profile_and_shows_our_options(tmp_path: Path) -> None:
    port = free_port()
    words = ["--web-host", "127.0.0.1", "--web-port", str(port), "Filer"]
    with small_city() as server, httpx.Client(base_url=f"http://127.0.0.1:{port}") as browser:
        started = run(tmp_path, server.address, *words, headless=False)
        page = wait_for(browser, "/")
        assert all(name in page.text for name in ("lane_host", "duration", "scale", "capacity"))
        form = {"host": server.address, "user_count": "1", "spawn_rate": "1", "profile": "smoke"}
        answer = browser.post("/swarm", data={**form, "duration": "5"}).json()
        assert answer["success"], answer
        wait_until_written(started)
        started.process.terminate()
        code, result, said = started.result()
    assert (code, result["profile"], result["passed"]) == (0, "smoke", True), said
    assert result["duration"] == 5


def wait_for(browser: httpx.Client, path: str) -> httpx.Response:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return browser.get(path)
        except httpx.TransportError:
            assert time.monotonic() < deadline, "the web interface does not answer"
            time.sleep(0.1)


def wait_until_written(started: Run) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not started.file.exists():
        assert started.process.poll() is None, started.end()[1]
        assert time.monotonic() < deadline, "the run does not end"
        time.sleep(0.1)


def test_a_server_that_is_not_ours_is_refused_in_a_line(tmp_path: Path) -> None:
    host = f"http://127.0.0.1:{free_port()}"
    code, said = run(tmp_path, host, "--profile", "smoke").end()
    assert code == 1
    assert "Connection refused" in said
    assert "Traceback" not in said


def test_an_unknown_profile_is_refused_with_those_there_are(tmp_path: Path) -> None:
    code, said = run(tmp_path, "http://127.0.0.1:1", "--profile", "flood").end()
    assert code != 0
    assert "invalid choice: 'flood'" in said and "overload" in said
