"""The laws of statistics: roll-ups say what rows say, and both say what arithmetic says."""

from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from complaints.filters import ComplaintFilter
from complaints.models import City, Complaint
from complaints.rollups.folding import fold
from complaints.statistics import answers
from complaints.statistics.answers import Statistics, answer
from complaints.statistics.groups import GROUPS
from complaints.statistics.planning import plan
from complaints.statistics.question import Question
from complaints.tests.factories import NOON, make_city, make_complaint
from complaints.tests.rollup_steps import STEPS, World, fold_some, insert_many

MARCH = (datetime(2019, 3, 10, 5, tzinfo=UTC), datetime(2019, 3, 11, 4, tzinfo=UTC))
"""New York's shortest day of 2019."""
GROUPINGS = st.lists(st.sampled_from(sorted(GROUPS)), max_size=2, unique=True).filter(
    lambda names: len({GROUPS[name].basis for name in names} - {""}) < 2
)
FILTERS: list[dict[str, Any]] = [
    {},
    {"created_after": MARCH[0], "created_before": MARCH[1]},
    {"closed_after": MARCH[0], "closed_before": MARCH[1]},
    {"created_after": MARCH[0] + timedelta(minutes=1)},
    # Part of a month, whole ones, and part of another.
    {"created_after": MARCH[0], "created_before": datetime(2019, 11, 4, 5, tzinfo=UTC)},
    {"closed_after": MARCH[1], "channel": ("phone", "")},
    {"created_after": MARCH[0], "closed_before": MARCH[1]},
    {"status": ("closed",)},
    {"status": ("open", "in_progress")},
    {"status": ("open",)},
    {"channel": ("phone", "")},
    {"predicted_late": False},
]


def without_rollups(question: Question, city: City, now: datetime) -> Statistics:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "plan", lambda *_: None)
        return answer(question, city, now)


class RollupsAndRows(TestCase):
    """Whatever is asked, and however little is folded."""

    @settings(max_examples=40, deadline=None)
    @given(
        seed=st.integers(0, 2**32),
        steps=st.lists(st.sampled_from(STEPS[:8]), max_size=3),
        group_by=GROUPINGS,
        chosen=st.sampled_from(FILTERS),
    )
    def test_they_say_the_same(
        self, seed: int, steps: list[Any], group_by: list[str], chosen: dict[str, Any]
    ) -> None:
        world = World.make(Random(seed))
        for step in (insert_many, insert_many, fold_some, *steps):
            step(world)
        city, now = make_city(), timezone.now()
        question = Question(
            ComplaintFilter("nyc", **chosen), tuple(group_by), minimum=1, cell_resolution=7
        )
        told, read = answer(question, city, now), without_rollups(question, city, now)
        assert read.source == "rows"
        assert (told.total, told.groups) == (read.total, read.groups)
        if question.basis == "filed" or not group_by:
            assert told.total["complaints"] == question.chosen.rows().count()

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.floats(1.0, 5_000.0), min_size=1, max_size=9), st.booleans())
    def test_quantiles_are_those_of_the_rows_within_three_percent(
        self, hours: list[float], is_folded: bool
    ) -> None:
        for one in hours:
            make_complaint(closed_after_hours=one)
        if is_folded:
            fold()
        question = Question(ComplaintFilter("nyc"), minimum=1)
        told = answer(question, make_city(), NOON).total["hours_to_close"]
        assert told["median"] == pytest.approx(median(hours), rel=0.03)
        assert told["mean"] == pytest.approx(sum(hours) / len(hours), abs=0.001)


def kaplan_meier(hours: list[float], is_closed: list[bool], level: float) -> float | None:
    """The textbook's: the first time by which the share still open is at most `level`."""
    surviving = 1.0
    for at in sorted(set(hours)):
        at_risk = sum(one >= at for one in hours)
        closed = sum(one == at and done for one, done in zip(hours, is_closed, strict=True))
        surviving *= 1 - closed / at_risk
        if surviving <= level + 1e-9:
            return at
    return None


class Survival(TestCase):
    """Open complaints count for as long as they are known to have waited."""

    @settings(max_examples=30, deadline=None)
    @given(
        st.lists(
            st.tuples(st.integers(0, 25), st.booleans()),
            min_size=1,
            max_size=12,
            unique_by=lambda pair: pair[0],
        ),
        st.booleans(),
    )
    def test_it_is_kaplan_meiers_estimate(
        self, pairs: list[tuple[int, bool]], is_folded: bool
    ) -> None:
        # Times far enough apart that no bin holds two.
        hours = [0.5 * 1.3**power for power, _ in pairs]
        is_closed = [done for _, done in pairs]
        for took, done in zip(hours, is_closed, strict=True):
            seen_at = NOON + timedelta(hours=took)
            if done:
                make_complaint(closed_after_hours=took)
            else:
                make_complaint(observed_at=seen_at)
        if is_folded:
            fold()
        question = Question(ComplaintFilter("nyc"), figures=("survival",), minimum=1)
        told = answer(question, make_city(), NOON + timedelta(days=999)).total["survival"]
        for name, level in (("median", 0.5), ("p90", 0.1)):
            expected = kaplan_meier(hours, is_closed, level)
            assert told[name] == (expected and pytest.approx(expected, rel=0.03))
        assert told["still_open"] == is_closed.count(False)


@pytest.mark.django_db
def test_a_city_never_counts_anothers() -> None:
    insert_many(World.make(Random(3)))
    far = make_city("far")
    question = Question(ComplaintFilter("far"))
    expected = Complaint.objects.filter(city=far).count()
    assert 0 < expected < Complaint.objects.count()
    assert answer(question, far, timezone.now()).total["complaints"] == expected


APRIL, AUGUST = datetime(2019, 4, 1, 4, tzinfo=UTC), datetime(2019, 8, 17, 4, tzinfo=UTC)
PLANS: list[tuple[dict[str, Any], tuple[str, ...], list[str] | None]] = [
    ({}, (), ["month_agency_channel"]),
    ({}, ("month", "complaint_type"), ["month_type"]),
    ({}, ("district",), ["month_district"]),
    ({}, ("agency",), ["month_agency_channel"]),
    ({}, ("day", "complaint_type"), ["day_type"]),
    ({}, ("closed_week", "agency"), ["day_agency"]),
    ({}, ("month", "channel"), ["month_agency_channel"]),
    ({}, ("weekday", "hour"), ["month_hour_type"]),
    ({}, ("cell", "day"), ["day_cell"]),
    ({"district": (1,), "complaint_type": (1,)}, (), ["month_everything"]),
    ({"district": (1,), "complaint_type": (1,)}, ("day",), None),
    ({"cell": 0x87283082AFFFFFF}, (), ["day_cell"]),
    ({"cell": 0x87283082AFFFFFF, "agency": (1,)}, (), None),
    ({"created_after": MARCH[0], "created_before": MARCH[1]}, ("agency",), ["day_agency"]),
    ({"created_after": MARCH[0], "created_before": AUGUST}, ("day",), ["day_agency"]),
    (
        {"created_after": MARCH[0], "created_before": AUGUST},
        ("complaint_type",),
        ["month_type", "day_type", "day_type"],
    ),
    ({"created_after": MARCH[0], "created_before": APRIL}, (), ["day_agency"]),
    (
        {"created_after": APRIL, "created_before": AUGUST},
        (),
        ["month_agency_channel", "day_agency"],
    ),
    (
        {"created_after": MARCH[0], "channel": ("phone",)},
        ("complaint_type",),
        ["month_everything", "day_type_agency_channel"],
    ),
    ({"created_after": MARCH[0], "district": (1,)}, ("channel",), None),
    ({"created_after": APRIL}, ("channel",), ["month_agency_channel"]),
    ({"created_after": MARCH[1] + timedelta(seconds=1)}, (), None),
    ({"closed_after": MARCH[0]}, (), ["month_agency_channel", "day_agency"]),
    ({"closed_after": MARCH[0]}, ("day",), None),
    ({"created_after": datetime(1, 1, 1, tzinfo=UTC)}, (), None),
    ({"status": ("closed",)}, ("day",), ["day_agency"]),
    ({"status": ("in_progress",)}, ("day",), None),
    ({"status": ("open", "in_progress")}, ("agency", "district"), ["queue"]),
    ({"status": ("open", "in_progress")}, ("cell",), ["queue_cell"]),
    ({"status": ("open", "in_progress")}, ("day",), ["day_agency"]),
    ({"updated_since": MARCH[0]}, (), None),
    ({"predicted_late": True}, (), None),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("chosen", "group_by", "rollups"), PLANS)
def test_the_smallest_rollup_that_knows_enough_answers(
    chosen: dict[str, Any], group_by: tuple[str, ...], rollups: list[str] | None
) -> None:
    found = plan(Question(ComplaintFilter("nyc", **chosen), group_by), make_city())
    names = found and ([grain.name for grain, _ in found.parts] or [found.grain.name])
    assert names == rollups


@pytest.mark.django_db
def test_promises_are_kept_by_rows_only() -> None:
    assert plan(Question(ComplaintFilter("nyc"), figures=("on_time",)), make_city()) is None
