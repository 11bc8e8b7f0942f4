"""The law of the page: its numbers are those of the complaints themselves."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from complaints.models import Complaint
from complaints.rollups.folding import fold
from complaints.rollups.histogram import LARGEST_ERROR
from complaints.tests.factories import NOON, make_city, make_complaint, make_type
from complaints.tests.percentiles import Percentiles
from dashboard.complaint_types import read_types
from dashboard.figures import read_figures
from dashboard.window import Window


def make_some(random: Random) -> None:
    """Complaints of six weeks, each closed by now, at once, or open."""
    for _ in range(random.randrange(1, 15)):
        age = timedelta(hours=random.uniform(0, 24 * 42))
        took = random.choice([None, 0.0, random.uniform(0, 1)])
        make_complaint(
            complaint_type=make_type(random.choice(("rodent", "noise-residential"))),
            created_at=NOON - age,
            closed_after_hours=None if took is None else took * age / timedelta(hours=1),
        )


class Law(TestCase):
    """Whatever there is, and however little is folded."""

    @settings(max_examples=25, deadline=None)
    @given(st.integers(0, 2**32))
    def test_it_shows_what_the_complaints_say(self, seed: int) -> None:
        random = Random(seed)
        make_some(random)
        if random.random() < 0.7:
            fold()
        make_some(random)
        window = Window.up_to(make_city(), NOON)
        types = read_types(window.city, window)
        figures = read_figures(window, types)
        zone = window.city.zone

        filed, closed = window.filed(), window.closed()
        created_on = Counter(row.created_at.astimezone(zone).date() for row in filed)
        closed_on = Counter(row.closed_at.astimezone(zone).date() for row in closed)  # type: ignore[union-attr]
        for day in figures.days:
            assert (day.created, day.closed) == (created_on[day.day], closed_on[day.day])
        assert sum(day.created for day in figures.days) == filed.count()
        assert {kind.pk: kind.filed for kind in types if kind.filed} == Counter(
            filed.values_list("complaint_type", flat=True)
        )
        assert figures.totals.open == Complaint.objects.open().count()

        exact = closed.timed().aggregate(hours=Percentiles(0.5, 0.9))["hours"] or [None, None]
        for shown, true in zip(
            (figures.totals.median_hours, figures.totals.p90_hours), exact, strict=True
        ):
            assert shown == (true and pytest.approx(true, rel=LARGEST_ERROR + 1e-9))
