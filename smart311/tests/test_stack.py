"""Child processes started and stopped together; each test has real ones."""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from smart311.stack import Service, Stack, StackError, Stopped, check_port, stop_on_signals

from .embedded_workshop import eventually

SERVER = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({code}); self.end_headers(); self.wfile.write(b"no model")
http.server.HTTPServer(("127.0.0.1", {port}), Handler).serve_forever()
"""


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def stack(said: list[str]) -> Iterator[Stack]:
    stack = Stack(said.append)
    yield stack
    stack.stop()


def python(name: str, code: str) -> Service:
    return Service(name, [sys.executable, "-c", code])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_lines_are_passed_on_with_the_name_in_front(stack: Stack, said: list[str]) -> None:
    stack.start(python("web", "print('hello')"))
    eventually(lambda: said)
    assert said == ["     web | hello"]


def test_a_service_that_ends_is_reported_with_its_exit_code(stack: Stack) -> None:
    stack.start(python("web", "import time; time.sleep(60)"))
    stack.start(python("lane", "raise SystemExit(3)"))
    with pytest.raises(StackError, match="lane ended with exit code 3"):
        stack.watch()


def test_stopping_leaves_no_process_not_even_grandchildren(stack: Stack, said: list[str]) -> None:
    # Both ignore the polite request.
    stubborn = (
        "import os, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork()\n"
        "os.write(1, f'{os.getpid()}\\n'.encode()); time.sleep(60)"
    )
    # One write for each line: two processes share the pipe.
    stack.start(python("web", stubborn))
    eventually(lambda: len(said) == 2)
    family = [psutil.Process(int(line.split()[-1])) for line in said]
    started_at = time.monotonic()
    stack.stop(patience_seconds=0.5)
    assert time.monotonic() - started_at < 5
    eventually(lambda: not any(_lives(process) for process in family))


def _lives(process: psutil.Process) -> bool:
    is_running: bool = process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return is_running


def test_a_program_that_fails_stops_the_run(stack: Stack) -> None:
    stack.run(python("load_sample", "pass"))
    with pytest.raises(StackError, match="train_model failed with exit code 2"):
        stack.run(python("train_model", "raise SystemExit(2)"))


def test_ready_means_an_answer_without_an_error(stack: Stack) -> None:
    port = free_port()
    stack.start(python("web", SERVER.format(code=200, port=port)))
    stack.wait_until_ready([f"http://127.0.0.1:{port}/readyz"], 20)


def test_one_that_never_becomes_ready_is_reported_with_its_reason(stack: Stack) -> None:
    port = free_port()
    stack.start(python("web", SERVER.format(code=503, port=port)))
    eventually(lambda: not _is_free(port))
    with pytest.raises(StackError, match=r"not ready after 0\.5 s: 503 no model"):
        stack.wait_until_ready([f"http://127.0.0.1:{port}/readyz"], 0.5)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_one_that_ends_while_we_wait_is_noticed_at_once(stack: Stack) -> None:
    stack.start(python("web", "raise SystemExit(1)"))
    with pytest.raises(StackError, match="web ended with exit code 1"):
        stack.wait_until_ready([f"http://127.0.0.1:{free_port()}/readyz"], 20)


def test_a_busy_port_is_named_with_the_variable_that_changes_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(StackError, match=rf"127\.0\.0\.1:{port} .*in use.*: LANE_PORT="):
            check_port("127.0.0.1", port, "LANE_PORT")
    check_port("127.0.0.1", port, "LANE_PORT")


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_port_that_cannot_be_is_refused(port: int) -> None:
    with pytest.raises(StackError, match=f"cannot listen on 127.0.0.1:{port}"):
        check_port("127.0.0.1", port, "PORT")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_term_and_hangup_all_stop(number: signal.Signals) -> None:
    assert threading.current_thread() is threading.main_thread()
    before = {each: signal.getsignal(each) for each in (2, 15, 1)}
    try:
        stop_on_signals()
        with pytest.raises(Stopped):
            os.kill(os.getpid(), number)
            time.sleep(5)
        # A second one must not interrupt the cleaning up.
        os.kill(os.getpid(), number)
        time.sleep(0.05)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
