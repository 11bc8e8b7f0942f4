"""nginx before web and lane, as `deploy/nginx.conf` has it, where it is installed."""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

NGINX = shutil.which("nginx")
SETTINGS = Path(__file__).resolve().parent.parent / "deploy" / "nginx.conf"
START_SECONDS = 10
STOP_SECONDS = 20


class ProxyError(Exception):
    """nginx did not start; one line for a person."""


def with_ports(front: int, web: int, lane: int) -> str:
    """The settings with these ports."""
    text = SETTINGS.read_text()
    for port, ours in ((8080, front), (8000, web), (8001, lane)):
        place = rf"^( *(?:listen|server) )(?:127\.0\.0\.1:)?{port};"
        text = re.sub(place, rf"\g<1>127.0.0.1:{ours};", text, flags=re.MULTILINE)
    return text


def without_limit(settings: str) -> str:
    """The settings without the limit on an address: a load test is one."""
    return re.sub(r"^ *limit_req .*\n", "", settings, flags=re.MULTILINE)


@contextmanager
def nginx(
    folder: Path, settings: str, port: int, begin: Callable[[], None] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """nginx with these settings, running; `begin` is what it does first. Raises ProxyError."""
    folder.mkdir(exist_ok=True)
    file = folder / "nginx.conf"
    file.write_text(settings)
    more = "daemon off;" + (" user root;" if os.geteuid() == 0 else "")
    process = subprocess.Popen(  # noqa: S603  (nginx)
        [str(NGINX), "-p", str(folder), "-c", str(file), "-g", more], preexec_fn=begin
    )
    try:
        _wait(port, process)
        yield process
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            raise ProxyError("nginx did not start; what it said stands above")
        time.sleep(0.1)
