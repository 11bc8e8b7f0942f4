"""`python -m smart311.embedded_postgres status|stop [folder]`: look at the server, or stop it."""

import argparse
import os
import sys
from pathlib import Path

from . import postmaster
from .errors import EmbeddedPostgresError
from .server import EmbeddedServer


def main() -> str:
    """Do what the command line asks and say what was found."""
    parser = argparse.ArgumentParser(prog="python -m smart311.embedded_postgres")
    parser.add_argument("action", choices=["status", "stop"])
    default = Path(os.environ.get("VAR_FOLDER", "var")) / "postgres"
    parser.add_argument("folder", nargs="?", type=Path, default=default)
    arguments = parser.parse_args()
    server = EmbeddedServer(arguments.folder)
    if arguments.action == "stop":
        return "stopped" if server.stop() else "was not running"
    running = postmaster.find(server.place)
    state = f"{running.status}, process {running.pid}" if running else "not running"
    return f"{server.place.data}: {state}"


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{main()}\n")
    except EmbeddedPostgresError as error:
        sys.exit(str(error))
