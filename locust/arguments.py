"""What can be said on the command line and in the web interface beside Locust's own."""

import os
from argparse import ArgumentTypeError
from typing import Any

from locust.util.timespan import parse_timespan
from programs import LANE_PORT
from told import TOLD

CAPACITY = 400


def add_arguments(parser: Any) -> None:
    """Add them; Locust's `--profile` gets our choices."""
    for action in parser._actions:
        if "--profile" in action.option_strings:
            action.choices = list(TOLD)
            action.help = "; ".join(f"{name}: {about}" for name, about in TOLD.items())
    parser.add_argument(
        "--lane-host",
        default=os.environ.get("LANE_HOST", f"http://127.0.0.1:{LANE_PORT}"),
        env_var="LANE_HOST",
        help="where the fast lane answers /predict_async/ (default %(default)s)",
    )
    parser.add_argument(
        "--duration",
        type=_seconds,
        default=0,
        metavar="TIME",
        help="make the profile so long altogether (30s, 5m), its phases in proportion; 0: as it is",
    )
    parser.add_argument(
        "--scale", type=float, default=1.0, help="multiply the profile's rates (default 1)"
    )
    parser.add_argument(
        "--capacity",
        type=float,
        default=CAPACITY,
        help="requests/s that the server can answer, a ramp's knee; overload asks for five times "
        "as many (default %(default)s)",
    )
    parser.add_argument(
        "--staff-user",
        default=os.environ.get("ADMIN_USERNAME", ""),
        help="login of the staff scenario; without one it does not run",
    )
    parser.add_argument(
        "--staff-password",
        default=os.environ.get("ADMIN_PASSWORD", ""),
        is_secret=True,
        help="its password",
    )
    parser.add_argument(
        "--thresholds", default="", help="another file of limits than locust/thresholds.toml"
    )
    parser.add_argument(
        "--result", default="", metavar="FILE", help="write figures, samples and verdict as JSON"
    )


def _seconds(text: str) -> int:
    try:
        return parse_timespan(text)
    except ValueError as error:
        raise ArgumentTypeError(f"got {text!r}, expected a time such as 30s, 5m or 1h") from error
