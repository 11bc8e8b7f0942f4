"""Load on Smart 311: six kinds of users, seven profiles, and a verdict.

    locust -f locust/locustfile.py --host http://127.0.0.1:8000

opens the web interface; with `--headless --profile steady` it runs without one. Without a profile
`--users`, `--spawn-rate` and `--run-time` say how much; a user is one request a second. Names of
classes at the end choose among the users (`… Classic` for the three tasks of the reference test).
At the end every accepted complaint is looked for in the server's own list, figures are compared
with `thresholds.toml`, and the exit code is 1 if anything fell short. See docs/load.md.
"""

import logging
from pathlib import Path
from typing import Any

from arguments import add_arguments
from locust.runners import MasterRunner, WorkerRunner
from profiles import Chosen, Profile, chosen_profile
from programs import ApiConsumer, Classic, Open311Client, WallScreen
from residents import Filer, Resident, ledger
from staff import Staff
from trial import Trial
from users import expect_overload

from locust import events

__all__ = [
    "ApiConsumer",
    "Chosen",
    "Classic",
    "Filer",
    "Open311Client",
    "Resident",
    "Staff",
    "WallScreen",
]

FOLDER = Path(__file__).parent
logger = logging.getLogger("smart311.load")
trial: Trial | None = None

events.init_command_line_parser.add_listener(add_arguments)


@events.init.add_listener
def begin(environment: Any, **more: Any) -> None:
    """Workers tell the master of their complaints; whoever leads keeps the books."""
    global trial
    if not isinstance(environment.runner, WorkerRunner):
        trial = Trial(environment, FOLDER / "thresholds.toml")
        Profile.choose_classes = staticmethod(trial.choose_classes)
        Profile.does_hold = staticmethod(trial.does_hold)


@events.test_start.add_listener
def start(environment: Any, **more: Any) -> None:
    """A run begins, in every process."""
    ledger.take()
    ledger.unanswered.clear()
    expect_overload(chosen_profile(environment.parsed_options).is_overload_expected)
    if trial:
        trial.start()


@events.report_to_master.add_listener
def tell(client_id: str, data: dict[str, Any], **more: Any) -> None:
    """A worker's complaints go along with its figures."""
    data["ledger"] = ledger.take()


@events.worker_report.add_listener
def hear(client_id: str, data: dict[str, Any], **more: Any) -> None:
    """The master takes them."""
    if trial:
        trial.book.merge(client_id, data["ledger"])


@events.test_stop.add_listener
def stop(environment: Any, **more: Any) -> None:
    """The run is over: compare, judge, report."""
    if trial:
        if not isinstance(environment.runner, MasterRunner):
            trial.book.merge("here", ledger.take())
        trial.finish()


@events.quitting.add_listener
def quit_with_verdict(environment: Any, **more: Any) -> None:
    """The exit code is the verdict on the last run."""
    if trial:
        trial.finish()
        environment.process_exit_code = trial.exit_code
