from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.moments import parse_moment

NEW_YORK = ZoneInfo("America/New_York")
FIRST, LAST = (datetime(year, 1, 1) for year in (1900, 2100))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2019-07-10", "2019-07-10T04:00:00"),
        ("2019-07-10T12:00:00", "2019-07-10T16:00:00"),
        ("2019-07-10 12:00", "2019-07-10T16:00:00"),
        ("2019-07-10T12:00:00.123456Z", "2019-07-10T12:00:00.123456"),
        ("2019-07-10T12:00:00-04:00", "2019-07-10T16:00:00"),
        ("2019-07-10T12:00:00 02:00", "2019-07-10T10:00:00"),
        ("2019-11-03T01:30:00", "2019-11-03T05:30:00"),
    ],
)
def test_it_reads_iso_8601_as_clients_write_it(text: str, expected: str) -> None:
    assert parse_moment(text, NEW_YORK) == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "noon", "2019-13-01", "07/10/2019", "1562760000", "0001-01-01T00:00:00+14:00"]
)
def test_it_says_what_it_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected ISO 8601"):
        parse_moment(text, NEW_YORK)


def test_it_refuses_a_time_that_the_clocks_skip() -> None:
    with pytest.raises(ValueError, match="which the clocks of America/New_York skip"):
        parse_moment("2019-03-10T02:30:00", NEW_YORK)


@given(st.datetimes(FIRST, LAST, timezones=st.just(UTC)))
def test_what_it_reads_is_what_was_written(moment: datetime) -> None:
    assert parse_moment(moment.isoformat(), NEW_YORK) == moment
    assert parse_moment(moment.astimezone(NEW_YORK).isoformat(), NEW_YORK) == moment


@given(st.text())
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    try:
        assert parse_moment(text, NEW_YORK).tzinfo is UTC
    except ValueError as error:
        assert "expected" in str(error) or "skip" in str(error)
