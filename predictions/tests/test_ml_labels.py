from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from predictions.ml.labels import labels_as_of, outcomes
from predictions.tests.ml_data import START, ZONE, frame_of, row

LOCAL_MIDNIGHT = datetime(2026, 3, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


def label(as_of: datetime, **changes: object) -> tuple[float, bool]:
    labelled = labels_as_of(frame_of(row(**changes)), as_of, ZONE)
    return labelled["hours"].item(), labelled["closed"].item()


def test_a_closing_is_known_from_the_moment_it_happens() -> None:
    closed_at = START + 5 * HOUR
    assert label(closed_at, closed_at=closed_at) == (5.0, True)
    assert label(closed_at - HOUR, closed_at=closed_at) == (4.0, False)


def test_a_date_without_a_time_is_known_at_the_end_of_that_local_day() -> None:
    assert label(LOCAL_MIDNIGHT + 23 * HOUR, closed_at=LOCAL_MIDNIGHT) == (71.0, False)
    assert label(LOCAL_MIDNIGHT + DAY, closed_at=LOCAL_MIDNIGHT) == (48.0, True)


def test_the_local_day_of_a_clock_change_ends_an_hour_early() -> None:
    # 2026-03-08 has 23 hours in New York.
    midnight = datetime(2026, 3, 8, 5, tzinfo=UTC)
    assert label(midnight + 22 * HOUR, closed_at=midnight)[1] is False
    assert label(midnight + 23 * HOUR, closed_at=midnight)[1] is True


def test_utc_midnight_is_an_ordinary_moment_in_new_york() -> None:
    assert label(START + DAY, closed_at=datetime(2026, 3, 3, tzinfo=UTC))[1] is True


def test_an_open_row_is_censored_when_the_source_last_looked() -> None:
    assert label(START + 10 * DAY, observed_at=START + 2 * DAY) == (48.0, False)
    assert label(START + DAY, observed_at=START + 2 * DAY) == (24.0, False)
    assert label(START + DAY) == (24.0, False)


def test_rows_filed_later_are_not_there() -> None:
    frame = frame_of(row(), row(created_at=START + HOUR))
    assert labels_as_of(frame, START + HOUR, ZONE).height == 1


def test_a_closing_at_or_before_the_filing_is_neither_fast_nor_open() -> None:
    frame = frame_of(row(closed_at=START), row(closed_at=START - HOUR), row())
    assert labels_as_of(frame, START + DAY, ZONE)["closed"].to_list() == [False]
    assert outcomes(frame, START, START + DAY, 0.0)["closed"].to_list() == [False]


def test_it_names_the_columns_that_are_missing() -> None:
    with pytest.raises(ValueError, match="lack the columns agency, descriptor"):
        labels_as_of(frame_of(row()).drop("agency", "descriptor"), START + DAY, ZONE)


def test_a_row_counts_as_an_outcome_once_its_follow_up_is_known() -> None:
    end = START + 4 * DAY
    frame = frame_of(
        row(closed_at=START + HOUR, observed_at=end),
        row(observed_at=end),
        row(observed_at=START + 71 * HOUR),
        # Closed, but filed too late for the slow ones of its hour to be known.
        row(created_at=START + 2 * DAY, closed_at=START + 2 * DAY + HOUR, observed_at=end),
    )
    seen = outcomes(frame, START, START + 10 * DAY, 72)
    assert seen["hours"].to_list() == [1.0, float("inf")]
    assert seen["closed"].to_list() == [True, False]


def test_outcomes_take_the_start_and_leave_the_end() -> None:
    frame = frame_of(row(), row(created_at=START + DAY), row(observed_at=START + 9 * DAY))
    assert outcomes(frame, START, START + DAY, 24).height == 2
    assert outcomes(frame, START + HOUR, START + DAY, 24).height == 0
