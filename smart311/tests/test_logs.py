"""What people send is not in logs and error reports."""

import logging
from typing import Any, cast

import pytest
from django.db import IntegrityError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import override_settings
from django.urls import path
from django.views.debug import ExceptionReporter, get_exception_reporter_class

from complaints.models import Complaint
from complaints.tests.factories import make_complaint
from smart311.embedded_postgres.base import DatabaseWrapper
from smart311.logs import DiscreetFormatter, discreet

pytestmark = pytest.mark.django_db

MARKER = "-".join(("marker", "of", "Jane"))
"""Not as it stands here: reports show lines of code."""


def fail(request: HttpRequest) -> HttpResponse:
    """A row that a constraint refuses: PostgreSQL quotes it whole."""
    local = MARKER
    Complaint.objects.update(description=local, status="closed", closed_at=None)
    return HttpResponse()


urlpatterns = [path("api/fail", fail)]


def refused() -> IntegrityError:
    make_complaint()
    with pytest.raises(IntegrityError) as caught:
        fail(HttpRequest())
    return caught.value


def record_of(error: BaseException, message: str = "failed", *args: Any) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__)
    return logging.LogRecord("name", logging.ERROR, "file", 1, message, args, info)


def test_the_database_quotes_rows() -> None:
    assert MARKER in str(refused())


def test_a_traceback_in_the_log_names_the_constraint_and_quotes_nothing() -> None:
    line = DiscreetFormatter().format(record_of(refused()))
    assert MARKER not in line
    assert "IntegrityError: SQLSTATE 23514" in line
    assert "complaint_closed_iff_closed_at" in line
    assert "in fail" in line


def test_without_the_formatter_the_row_would_be_in_the_log() -> None:
    assert MARKER in logging.Formatter().format(record_of(refused()))


def test_an_error_as_an_argument_quotes_nothing_either() -> None:
    error = refused()
    record = logging.LogRecord("n", logging.ERROR, "f", 1, "no: %s %d", (error, 5), None)
    line = DiscreetFormatter().format(record)
    assert MARKER not in line
    assert "complaint_closed_iff_closed_at 5" in line


@pytest.mark.parametrize("error", [OperationalError("no server"), ValueError("x"), None])
def test_other_errors_keep_their_words(error: Any) -> None:
    assert discreet(error) == str(error)


def test_the_log_is_written_by_it() -> None:
    formats = [handler.formatter for handler in logging.getLogger().handlers]
    assert any(isinstance(each, DiscreetFormatter) for each in formats)


@override_settings(ROOT_URLCONF=__name__)
@pytest.mark.parametrize("debug", [True, False])
def test_no_error_page_shows_what_was_sent(settings: Any, debug: bool) -> None:
    make_complaint()
    settings.DEBUG = debug
    client = Client(raise_request_exception=False)
    response = client.post("/api/fail", {"description": MARKER}, HTTP_IDEMPOTENCY_KEY=MARKER)
    assert response.status_code == 500
    assert MARKER not in response.content.decode()


@pytest.mark.parametrize("method", ["post", "patch"])
def test_a_report_by_mail_shows_neither_variables_nor_rows(method: str) -> None:
    error = refused()
    request = getattr(RequestFactory(), method)("/api/fail", {"description": MARKER})
    info = (type(error), error, error.__traceback__)
    reporter: Any = get_exception_reporter_class(request)
    report = reporter(request, *info)
    for text in (report.get_traceback_text(), report.get_traceback_html()):
        assert "fail" in text
        assert MARKER not in text


def test_djangos_own_report_would_show_them() -> None:
    error = refused()
    request = RequestFactory().post("/api/fail")
    report = ExceptionReporter(request, type(error), error, error.__traceback__)
    assert MARKER in report.get_traceback_text()


def test_the_embedded_servers_log_names_the_constraint_only() -> None:
    refused()
    log = cast(DatabaseWrapper, connection).server.place.log.read_text(errors="replace")
    assert "complaint_closed_iff_closed_at" in log
    assert MARKER not in log
