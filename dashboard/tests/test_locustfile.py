"""The load test runs against a real server, and notices a server that answers nonsense."""

import csv
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from pytest_django.live_server_helper import LiveServer

from complaints.tests.factories import make_complaint, make_type
from predictions.tests.small_model import activate_small_model

LOCUSTFILE = Path(__file__).parents[2] / "locust" / "locustfile.py"
TASKS = {"/predict/{type}", "/predict_async/{type}", "/dashboard/"}
WRONG_ANSWERS = {
    "/api/v1/cities/": '{"next": null, "results": '
    '[{"slug": "nyc", "south": 40, "north": 41, "west": -74, "east": -73}]}',
    "/api/v1/complaint-types/": '{"next": null, "results": [{"code": "rodent"}]}',
    "/predict": '{"estimated_time": 9, "interval": {"p10": 1, "p90": 2}, '
    '"closed_within": {"24": 0.1, "72": 0.2, "168": 0.3}}',
    "/dashboard/": "<h1>Dashboard</h1>",
}


def run_locust(folder: Path, host: str) -> tuple[int, dict[str, dict[str, str]]]:
    """Exit code, and the table of results by name, of four seconds of load."""
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless"]
    options = ["--only-summary", "-u", "4", "-r", "4", "-t", "4s", "--csv", str(folder / "load")]
    hosts = ["--host", host, "--lane-host", host]
    done = subprocess.run([*command, *options, *hosts], capture_output=True, timeout=60)
    with (folder / "load_stats.csv").open() as file:
        return done.returncode, {row["Name"]: row for row in csv.DictReader(file)}


@pytest.mark.django_db(transaction=True)
def test_all_three_tasks_run_without_a_failure(live_server: LiveServer, tmp_path: Path) -> None:
    for code in ("noise-residential", "rodent"):
        make_complaint(complaint_type=make_type(code))
    activate_small_model()
    exit_code, results = run_locust(tmp_path, live_server.url)
    assert {name: row["Failure Count"] for name, row in results.items()} == dict.fromkeys(
        results, "0"
    )
    assert results.keys() >= TASKS
    assert all(int(results[name]["Request Count"]) > 0 for name in TASKS)
    assert exit_code == 0


class Nonsense(BaseHTTPRequestHandler):
    """Answers everything with status 200 and a body that cannot be true."""

    def do_GET(self) -> None:
        prefix = next(path for path in WRONG_ANSWERS if self.path.startswith(path))
        body = WRONG_ANSWERS[prefix].encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def nonsense() -> Iterator[str]:
    """The address of a server that is always wrong."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Nonsense) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_wrong_bodies_fail_the_run(nonsense: str, tmp_path: Path) -> None:
    exit_code, results = run_locust(tmp_path, nonsense)
    assert exit_code == 1
    for name in TASKS & results.keys():
        assert results[name]["Failure Count"] == results[name]["Request Count"] != "0"
    assert results.keys() >= TASKS - {"/dashboard/"}
