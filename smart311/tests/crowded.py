"""A web application that takes so long that a second request waits too long for the only thread."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import django

from smart311.crowding import turning_away

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SECONDS = 2.5
BEGUN = Path(os.environ["VAR_FOLDER"], "begun")


def slow(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    if environ["PATH_INFO"] == "/slow":
        BEGUN.touch()
        time.sleep(SECONDS)
    start_response("200 OK", [("Content-Length", "4")])
    return [b"done"]


django.setup()
application = turning_away(slow)
