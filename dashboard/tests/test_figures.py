"""The numbers behind the page, against complaints counted by hand."""

from datetime import date, timedelta
from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from complaints.models import Complaint
from complaints.rollups.histogram import LARGEST_ERROR
from complaints.tests.factories import NOON, make_city, make_complaint, make_type
from dashboard.complaint_types import FiledType, read_types
from dashboard.figures import Figures, TypeFigures, read_figures
from dashboard.window import Window

pytestmark = pytest.mark.django_db


def figures_at_noon() -> Figures:
    window = Window.up_to(make_city(), NOON)
    return read_figures(window, read_types(window.city, window))


def file(days_ago: float = 0, **fields: Any) -> Complaint:
    return make_complaint(created_at=NOON - timedelta(days=days_ago), **fields)


def test_it_counts_what_is_open_opened_and_closed() -> None:
    file(days_ago=100)
    file(days_ago=40, status=Complaint.Status.IN_PROGRESS)
    file(days_ago=1.5, closed_after_hours=30)
    file(days_ago=0.5, closed_after_hours=1)
    file(days_ago=0.1)
    totals = figures_at_noon().totals
    assert (totals.open, totals.opened, totals.closed) == (3, 2, 2)


def test_the_last_24_hours_end_at_the_data_time_and_begin_after_the_same_time_the_day_before() -> (
    None
):
    file(days_ago=1)
    file(days_ago=1 - 1 / 86400)
    file(days_ago=0)
    assert figures_at_noon().totals.opened == 2


def test_hours_to_close_are_of_those_closed_in_the_window_after_a_real_time() -> None:
    for hours in (1, 2, 3, 4, 5):
        file(days_ago=2, closed_after_hours=hours)
    file(days_ago=2, closed_after_hours=0)
    file(days_ago=60, closed_after_hours=1)
    file(days_ago=2)
    totals = figures_at_noon().totals
    assert totals.median_hours == pytest.approx(3, rel=LARGEST_ERROR)
    assert totals.p90_hours == pytest.approx(4.6, rel=LARGEST_ERROR)


def test_hours_are_unknown_while_nothing_was_closed() -> None:
    file()
    totals = figures_at_noon().totals
    assert (totals.median_hours, totals.p90_hours) == (None, None)


def test_days_are_the_citys_not_utc() -> None:
    evening = NOON.replace(hour=3)  # 23:00 on the day before in New York
    make_complaint(created_at=evening, closed_after_hours=2)
    days = [(row.day, row.created, row.closed) for row in figures_at_noon().days]
    assert days == [(date(2019, 7, 9), 1, 0), (date(2019, 7, 10), 0, 1)]


def test_days_within_the_data_stay_even_without_a_complaint() -> None:
    file(days_ago=3)
    file()
    assert [row.created for row in figures_at_noon().days] == [1, 0, 0, 1]


def test_the_days_add_up_to_what_was_filed_and_closed() -> None:
    for day in range(30):
        file(days_ago=day, closed_after_hours=day)
    figures = figures_at_noon()
    assert sum(row.created for row in figures.days) == figures.window.filed().count()
    assert sum(row.closed for row in figures.days) == figures.window.closed().count()


def test_top_types_come_with_share_and_their_own_median() -> None:
    for hours in (2, 4, None):
        file(days_ago=1, closed_after_hours=hours)
    file(days_ago=1, complaint_type=make_type("rodent"))
    make_type("never-filed")
    noise, rodent = figures_at_noon().top_types
    assert (noise.code, noise.name, noise.filed, noise.share) == (
        "noise-residential",
        "Noise Residential",
        3,
        0.75,
    )
    assert noise.median_hours == pytest.approx(3.0, rel=LARGEST_ERROR)
    assert rodent == TypeFigures("rodent", "Rodent", 1, 0.25, None)


def test_top_types_are_at_most_ten_the_most_filed_first() -> None:
    for count in range(1, 13):
        for _ in range(count):
            file(complaint_type=make_type(f"type-{count:02}"))
    top = figures_at_noon().top_types
    assert [kind.filed for kind in top] == list(range(12, 2, -1))


def test_another_citys_complaints_do_not_count() -> None:
    other = make_type(city=make_city("other"))
    make_complaint(complaint_type=other, closed_after_hours=1, created_at=NOON - timedelta(hours=2))
    figures = figures_at_noon()
    assert (figures.totals.open, figures.totals.opened, figures.totals.closed) == (0, 0, 0)
    assert (figures.days, figures.top_types) == ([], [])


def test_types_are_known_before_anything_is_filed() -> None:
    kind = make_type()
    expected = FiledType(kind.pk, "noise-residential", "Noise Residential", "", True, 0)
    assert read_types(kind.city, None) == [expected]


def test_it_takes_seven_queries_however_many_rows(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(12):
        file(days_ago=number, complaint_type=make_type(f"type-{number}"), closed_after_hours=5)
    window = Window.up_to(make_city(), NOON)
    with django_assert_num_queries(7):
        read_figures(window, read_types(window.city, window))
