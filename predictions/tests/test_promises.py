"""Promises and what came of them, counted by week and kind."""

import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from complaints.models import Complaint
from complaints.tests.factories import NOON, make_agency, make_complaint, make_district, make_type
from predictions.models import ForecastWatch, PromiseCount
from predictions.promises import Accuracy, count_promises
from predictions.tests.small_model import activate_small_model

pytestmark = pytest.mark.django_db

MONDAY = date(2019, 7, 8)
LATER = NOON + timedelta(days=3)


def promised(closed_after_hours: float | None = None, **fields: Any) -> Complaint:
    """One that was told: half within 4 h, eight in ten between 1 and 20."""
    return make_complaint(
        closed_after_hours,
        **{
            "promised_p10_hours": 1.0,
            "promised_median_hours": 4.0,
            "promised_p90_hours": 20.0,
            "promised_by": "small-1",
        }
        | fields,
    )


def totals() -> dict[str, int]:
    (found,) = PromiseCount.objects.totals("city")
    return {name: found[name] for name in ("due", "early", "kept", "late", "before_median")}


def counts() -> list[tuple[Any, ...]]:
    columns = [field.name for field in PromiseCount._meta.fields if field.name != "id"]
    return sorted(PromiseCount.objects.values_list(*columns), key=str)


def test_early_kept_and_late_ones_are_told_apart() -> None:
    for hours in (0.5, 1.0, 3.0, 20.0, 20.1, None):
        city = promised(hours).city
    assert count_promises(city, LATER) == 1
    assert totals() == {"due": 6, "early": 1, "kept": 3, "late": 2, "before_median": 3}
    found = PromiseCount.objects.get()
    assert (found.week_on, found.model) == (MONDAY, "small-1")
    # |0.5-4| + |1-4| + |3-4| + |20-4| and, past the range, twice its end.
    assert found.error_seconds == 3600 * (3.5 + 3 + 1 + 16 + 16 + 16)


def test_one_that_is_open_past_its_range_is_a_miss_and_before_that_nothing() -> None:
    city = promised().city
    count_promises(city, NOON + timedelta(hours=19.9))
    assert not PromiseCount.objects.exists()
    count_promises(city, NOON + timedelta(hours=20))
    assert totals()["late"] == 1


def test_a_quick_closing_does_not_count_before_its_range_has_passed() -> None:
    city = promised(2.0).city
    count_promises(city, NOON + timedelta(hours=10))
    assert not PromiseCount.objects.exists()
    count_promises(city, LATER)
    assert totals()["kept"] == 1


def test_a_range_that_ends_at_the_horizon_has_no_end() -> None:
    city = activate_small_model().city
    promised(1500.0, promised_p90_hours=1440.0)
    promised(None, promised_p90_hours=1440.0)
    promised(0.5, promised_p90_hours=1440.0)
    count_promises(city, NOON + timedelta(days=90))
    assert totals() == {"due": 3, "early": 1, "kept": 2, "late": 0, "before_median": 1}


def test_bookkeeping_and_complaints_without_a_promise_do_not_count() -> None:
    promised(0.0)
    city = make_complaint(5.0).city
    count_promises(city, LATER)
    assert not PromiseCount.objects.exists()


def test_what_the_source_has_not_told_since_is_not_a_miss() -> None:
    city = promised(source="import", observed_at=NOON + timedelta(hours=5)).city
    count_promises(city, LATER)
    assert not PromiseCount.objects.exists()
    Complaint.objects.update(observed_at=NOON + timedelta(hours=30))
    count_promises(city, LATER, anew=True)
    assert totals()["late"] == 1


def test_weeks_begin_on_monday_of_the_citys_calendar() -> None:
    sunday_night = datetime.fromisoformat("2019-07-14T23:30:00-04:00")
    city = promised(2.0, created_at=sunday_night).city
    promised(2.0, created_at=sunday_night + timedelta(hours=1))
    count_promises(city, LATER + timedelta(days=7))
    weeks = list(PromiseCount.objects.order_by("week_on").values_list("week_on", flat=True))
    assert weeks == [MONDAY, MONDAY + timedelta(days=7)]


def test_a_reopened_complaint_is_counted_again() -> None:
    complaint = promised(2.0)
    count_promises(complaint.city, LATER)
    complaint.reopen()
    Complaint.objects.update(updated_at=LATER + timedelta(minutes=5))
    assert count_promises(complaint.city, LATER + timedelta(minutes=10)) == 1
    assert totals() == {"due": 1, "early": 0, "kept": 0, "late": 1, "before_median": 0}


def test_counting_twice_changes_nothing_and_looks_at_nothing_old() -> None:
    city = promised(2.0).city
    Complaint.objects.update(updated_at=NOON)
    # Three days after its filing its chances have just come due.
    count_promises(city, LATER + timedelta(hours=2))
    before = counts()
    assert count_promises(city, LATER + timedelta(hours=4)) == 0
    assert counts() == before
    assert ForecastWatch.objects.get().counted_until == LATER + timedelta(hours=4)


@pytest.mark.parametrize("seed", range(5))
def test_counting_bit_by_bit_gives_what_counting_everything_does(seed: int) -> None:
    chance = random.Random(seed)
    kinds = [make_type(code) for code in ("noise-residential", "rodent")]
    districts = [make_district(), make_district("queens-01"), None]
    now = NOON
    complaint = promised(created_at=now)
    for _ in range(40):
        now += timedelta(hours=chance.expovariate(1 / 8))
        act = chance.random()
        if act < 0.5:
            complaint = promised(
                complaint_type=chance.choice(kinds),
                district=chance.choice(districts),
                created_at=now,
                promised_p90_hours=chance.choice([5.0, 20.0, 300.0]),
                promised_by=chance.choice(["small-1", "small-2"]),
            )
        else:
            complaint = chance.choice(list(Complaint.objects.order_by("pk")))
            if act < 0.8 and complaint.is_open:
                complaint.close(now)
            elif act < 0.9:
                complaint.reopen()
            else:
                complaint.assign(make_agency(chance.choice(["NYPD", "DSNY"])))
        # The database's clock is not the one of this story.
        Complaint.objects.filter(pk=complaint.pk).update(updated_at=now)
        if chance.random() < 0.3:
            count_promises(complaint.city, now)
    count_promises(complaint.city, now)
    bit_by_bit = counts()
    count_promises(complaint.city, now, anew=True)
    assert bit_by_bit == counts()
    assert bit_by_bit


def test_shares_are_of_those_due() -> None:
    for hours in (0.5, 3.0, 5.0, 6.0, None):
        city = promised(hours).city
    count_promises(city, LATER)
    (found,) = PromiseCount.objects.of_model("small-1").filed_since(MONDAY).totals("city")
    accuracy = Accuracy.of(found)
    assert accuracy is not None
    assert (accuracy.due, accuracy.kept, accuracy.early, accuracy.late) == (5, 0.6, 0.2, 0.2)
    assert accuracy.before_median == 0.4
    assert Accuracy.of(dict.fromkeys(found, 0)) is None
    assert not PromiseCount.objects.filed_since(MONDAY + timedelta(days=7)).exists()
