"""More requests than threads: who waited too long is asked to come back, the others are answered.

The negative control is gunicorn's own worker, which lets everybody wait.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx

from smart311.tests.deployment import free_ports
from smart311.tests.embedded_workshop import PROJECT, eventually

SLOW = "/slow"
SERVICES = "/open311/v2/services.xml"
QUEUED = ("/api/v1/complaints/", "/dashboard/", SERVICES, "/healthz")


@contextmanager
def one_thread(worker: str, folder: Path) -> Iterator[str]:
    """A server with a single thread; its address."""
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "gunicorn", "--no-control-socket", "-b", f"127.0.0.1:{port}"]
    command += ["-k", worker, "--workers", "1", "--threads", "1", "smart311.tests.crowded"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "smart311.settings"}
    environment |= {"VAR_FOLDER": str(folder)}
    address = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(command, env=environment, cwd=PROJECT, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: is_up(address), 60)
        yield address
    finally:
        process.terminate()
        process.wait(20)


def is_up(address: str) -> bool:
    try:
        return httpx.get(address).is_success
    except httpx.TransportError:
        return False


def crowd(address: str, folder: Path) -> dict[str, httpx.Response]:
    """What those are answered who come while the only thread is busy, and one who comes later."""
    with ThreadPoolExecutor(len(QUEUED) + 1) as pool:
        slow = pool.submit(httpx.get, address + SLOW, timeout=30)
        eventually((folder / "begun").exists, 30)
        queued = {path: pool.submit(httpx.get, address + path, timeout=30) for path in QUEUED}
        answers = {path: answer.result(30) for path, answer in queued.items()}
        assert slow.result(30).text == "done"
    return answers | {"later": httpx.get(address)}


def test_who_waited_too_long_is_asked_to_come_back(tmp_path: Path) -> None:
    with one_thread("smart311.crowding.QueueWorker", tmp_path) as address:
        answers = crowd(address, tmp_path)
    for path in ("/api/v1/complaints/", "/dashboard/", SERVICES):
        assert answers[path].status_code == 503
        assert answers[path].headers["Retry-After"].isdigit()
    problem = answers["/api/v1/complaints/"]
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert "nothing was done with this one" in problem.json()["detail"]
    assert "Too many people ask at once" in answers["/dashboard/"].text
    assert "<code>503</code>" in answers[SERVICES].text
    assert answers["/healthz"].text == answers["later"].text == "done"


def test_without_the_queue_everybody_waits(tmp_path: Path) -> None:
    with one_thread("gthread", tmp_path) as address:
        answers = crowd(address, tmp_path)
    assert {answer.text for answer in answers.values()} == {"done"}
