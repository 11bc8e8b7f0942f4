"""Logs and error reports that do not repeat what people sent.

A traceback shows code, not values; but the database's messages quote whole rows ("Failing row
contains …"), and Django's debug pages show variables.
"""

from __future__ import annotations

import logging
import traceback
from types import FrameType, TracebackType
from typing import Any

import psycopg2
from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

_ExceptionInfo = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


def discreet(error: object) -> str:
    """What an error says, without what the database quotes: its kind and what it concerns."""
    if not isinstance(error, (DatabaseError, psycopg2.Error)):
        return str(error)
    cause = error if isinstance(error, psycopg2.Error) else error.__cause__
    if not isinstance(cause, psycopg2.Error) or cause.pgcode is None:
        # Not from the server: a connection that failed, or our own.
        return str(error)
    names = (cause.diag.table_name, cause.diag.column_name, cause.diag.constraint_name)
    about = "".join(f" {name}" for name in names if name)
    return f"SQLSTATE {cause.pgcode}{about}"


def _chain(error: BaseException | None) -> list[BaseException]:
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


class DiscreetFormatter(logging.Formatter):
    """Lines of the log; messages of database errors lose what they quote, tracebacks too."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                discreet(value) if isinstance(value, BaseException) else value
                for value in record.args
            )
        return super().format(record)

    def formatException(self, ei: _ExceptionInfo) -> str:
        """The traceback."""
        text = "".join(traceback.format_exception(*ei)).rstrip("\n")
        for error in _chain(ei[1]):
            if said := str(error).rstrip("\n"):
                text = text.replace(said, discreet(error))
        return text


class BodiesAreSecret(SafeExceptionReporterFilter):
    """Error reports show no variable and no parameter of a request that brought a body."""

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Names only."""
        if request is None:
            return {}
        return dict.fromkeys(request.POST, self.cleansed_substitute)

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: FrameType
    ) -> Any:
        """Values only where whoever asked sent nothing but an address."""
        if request is not None and request.method in {"GET", "HEAD"}:
            return super().get_traceback_frame_variables(request, tb_frame)
        return [(name, self.cleansed_substitute) for name in tb_frame.f_locals]


class DiscreetReporter(ExceptionReporter):
    """Error reports whose messages do not quote rows."""

    def get_traceback_data(self) -> dict[str, Any]:
        """What the pages and mails are made of."""
        data = super().get_traceback_data()
        if self.exc_value is not None:
            data["exception_value"] = discreet(self.exc_value)
            # Where encoding fails, the text itself would be shown.
            data["unicode_hint"] = ""
        return data

    def get_traceback_frames(self) -> list[dict[str, Any]]:
        """The frames of the error and of what caused it."""
        frames: list[dict[str, Any]] = super().get_traceback_frames()
        for frame in frames:
            if frame.get("exc_cause"):
                frame["exc_cause"] = discreet(frame["exc_cause"])
        return frames
