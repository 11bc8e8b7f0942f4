"""`deploy/nginx.conf` before two servers that tell what reached them."""

import gzip
import importlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings

MEGABYTE = 1024 * 1024


class Told(BaseHTTPRequestHandler):
    """Answers what it is called and what came, as JSON."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        while size > 0:
            size -= len(self.rfile.read(min(size, MEGABYTE)))
        forwarded = self.headers["X-Forwarded-For"]
        body = f'{{"by": "{self.server.name}", "for": "{forwarded}"}}'.ljust(2000)  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_GET

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@contextmanager
def upstream(name: str) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    server.name = name  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="module")
def proxy() -> Iterator[Any]:
    """The module that runs nginx; without nginx the tests are skipped, but not where CI is set."""
    sys.path.insert(0, str(Path(settings.BASE_DIR) / "locust"))
    try:
        found = importlib.import_module("proxy")
    finally:
        sys.path.pop(0)
    if not found.NGINX:
        reason = "no nginx found: apt-get install nginx-light"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    return found


@pytest.fixture(scope="module")
def address(proxy: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """nginx before web and lane."""
    port = free_port()
    with upstream("web") as web, upstream("lane") as lane:
        text = proxy.with_ports(port, web.server_port, lane.server_port)
        with proxy.nginx(tmp_path_factory.mktemp("nginx"), text, port):
            yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("path", "by"),
    [
        ("/predict_async/rodent?latitude=40.7", "lane"),
        ("/predict/rodent", "web"),
        ("/", "web"),
        ("/api/v1/imports/", "web"),
        ("/open311/v2/services.xml", "web"),
    ],
)
def test_forecasts_of_the_lane_go_to_it_and_all_else_to_web(
    address: str, path: str, by: str
) -> None:
    assert httpx.get(address + path).json()["by"] == by


def test_the_clients_address_is_added_to_what_it_claims(address: str) -> None:
    answer = httpx.get(address, headers={"X-Forwarded-For": "6.6.6.6"})
    assert answer.json()["for"] == "6.6.6.6, 127.0.0.1"


def test_answers_are_compressed_for_who_takes_it(address: str) -> None:
    with httpx.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert len(gzip.decompress(packed)) == 2000
    assert "Content-Encoding" not in httpx.get(address, headers={"Accept-Encoding": ""}).headers


def test_large_bodies_are_for_imports(address: str) -> None:
    body = bytes(12 * MEGABYTE)
    assert httpx.post(f"{address}/input/", content=body).status_code == 413
    assert httpx.post(f"{address}/api/v1/imports/", content=body, timeout=30).status_code == 200


def test_too_many_requests_of_one_address_are_asked_to_wait(proxy: Any, tmp_path: Path) -> None:
    port = free_port()
    with upstream("web") as web:
        text = proxy.with_ports(port, web.server_port, web.server_port)
        text = text.replace("rate=200r/s", "rate=1r/m").replace("burst=400", "burst=4")
        with proxy.nginx(tmp_path, text, port):
            answers = [httpx.get(f"http://127.0.0.1:{port}/") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    refused = answers[-1]
    assert refused.headers["Retry-After"] == "1"
    assert refused.json()["status"] == 429


def test_a_service_that_is_away_is_a_503_to_come_back_to(proxy: Any, tmp_path: Path) -> None:
    port, away = free_port(), free_port()
    with proxy.nginx(tmp_path, proxy.with_ports(port, away, away), port):
        answer = httpx.get(f"http://127.0.0.1:{port}/predict_async/rodent")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"].isdigit()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "same Idempotency-Key" in answer.json()["detail"]
