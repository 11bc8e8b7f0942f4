"""Several statistics in one statement say what each says alone."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from complaints.filters import ComplaintFilter
from complaints.models import Agency
from complaints.rollups.folding import fold
from complaints.statistics.planning import plan
from complaints.statistics.queries import ask
from complaints.statistics.question import Question
from complaints.statistics.together import (
    Distribution,
    Distributions,
    Figures,
    Listing,
    ask_together,
)
from complaints.tests.factories import NOON, make_agency, make_city, make_complaint, make_type

pytestmark = pytest.mark.django_db


def fill() -> None:
    kinds = [make_type(), make_type("100 % o'clock", agency=make_agency("DOHMH"))]
    for number in range(30):
        make_complaint(
            complaint_type=kinds[number % 2],
            created_at=NOON - timedelta(hours=11 * number),
            closed_after_hours=None if number % 4 == 0 else (number * 7) % 13,
            channel=("phone", "50 %")[number % 2],
        )
        if number == 20:
            fold()


QUESTIONS = [
    Question(ComplaintFilter("nyc")),
    Question(ComplaintFilter("nyc"), ("day",), ("counts",)),
    Question(ComplaintFilter("nyc"), ("closed_week", "complaint_type")),
    Question(ComplaintFilter("nyc"), ("complaint_type",), ("counts", "hours", "survival")),
    Question(ComplaintFilter("nyc", channel=("50 %",)), ("weekday", "hour")),
    Question(ComplaintFilter("nyc", created_after=NOON - timedelta(days=2)), ("agency", "day")),
    Question(ComplaintFilter("nyc", status=("open",)), (), ("on_time",)),
    Question(ComplaintFilter("nyc", channel=("fax",)), ("day",)),
]


def test_each_answer_is_what_it_would_be_alone(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    fill()
    city, now = make_city(), timezone.now()
    with django_assert_num_queries(1):
        together = ask_together([Figures(question) for question in QUESTIONS], city, now)
    assert together == [ask(question, plan(question, city), now) for question in QUESTIONS]


@pytest.mark.parametrize(
    "chosen",
    [
        ComplaintFilter("nyc", closed_after=NOON - timedelta(days=900)),
        ComplaintFilter("nyc"),
        ComplaintFilter("nyc", channel=("phone",)),
    ],
)
def test_a_whole_histogram_has_the_quantiles_of_the_statistics(chosen: ComplaintFilter) -> None:
    fill()
    city, now = make_city(), timezone.now()
    by_agency, by_channel = ask_together(
        [Distributions(Question(chosen, (name,), ("hours",))) for name in ("agency", "channel")],
        city,
        now,
    )
    question = Question(chosen)
    total, _ = ask(question, plan(question, city), now)
    for found in (by_agency, by_channel):
        whole = sum(found.values(), Distribution({}))
        assert whole.count == total.timed > 0
        for level in (0.5, 0.9):
            assert whole.quantile_hours(level) == pytest.approx(total.quantile_hours(level))


def test_nothing_has_no_quantile() -> None:
    assert Distribution({}).quantile_hours(0.5) is None


def test_a_queryset_can_be_asked_with_the_rest() -> None:
    make_agency("DEP", name="100 % o'water")
    agencies = Agency.objects.filter(name__contains="%").values_list("code", "name")
    assert ask_together([Listing(agencies)], make_city(), timezone.now()) == [
        [["DEP", "100 % o'water"]]
    ]
