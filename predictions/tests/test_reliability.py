"""Chances that were promised beside what came true: counted, answered, drawn."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from complaints.tests.factories import NOON
from predictions.models import ChanceCount
from predictions.promises import count_promises
from predictions.reliability import FEWEST, Tenth, reliability_of
from predictions.reliability import tested_reliability as bins_of_the_test
from predictions.tests.small_model import activate_small_model
from predictions.tests.test_promises import LATER, promised
from smart311.accounts.tests.people import make_user

pytestmark = pytest.mark.django_db


def counted() -> list[tuple[int, int, int, int]]:
    rows = ChanceCount.objects.order_by("within_hours", "tenth")
    return list(rows.values_list("within_hours", "tenth", "complaints", "closed"))


def test_a_chance_counts_when_its_hours_have_passed_whatever_came() -> None:
    city = promised(2.0).city
    promised(30.0)
    promised(None)
    promised(0.0)
    count_promises(city, NOON + timedelta(hours=23.9))
    assert counted() == []
    count_promises(city, NOON + timedelta(hours=24))
    # p90 is 20 h, so more than nine in ten were said to be closed within a day.
    assert counted() == [(24, 9, 3, 1)]
    count_promises(city, NOON + timedelta(days=8))
    assert counted() == [(24, 9, 3, 1), (72, 9, 3, 2), (168, 9, 3, 2)]


def test_at_the_promised_quantiles_the_chance_is_theirs() -> None:
    for p10, median, p90, said in ((24, 50, 90, 0.1), (5, 24, 90, 0.5), (1, 5, 24, 0.9)):
        row = promised(
            1.0,
            promised_p10_hours=p10,
            promised_median_hours=median,
            promised_p90_hours=p90,
            promised_by=f"says-{said}",
        )
        count_promises(row.city, LATER)
        found = ChanceCount.objects.get(model=f"says-{said}", within_hours=24)
        assert found.said_millionths == pytest.approx(said * 1e6, abs=2)


def test_what_its_source_has_not_told_since_is_not_counted() -> None:
    city = promised(observed_at=NOON + timedelta(hours=30), source="portal").city
    count_promises(city, NOON + timedelta(days=30))
    assert counted() == [(24, 9, 1, 0)]


def test_counting_bit_by_bit_gives_what_counting_everything_does() -> None:
    for day in range(4):
        for hours in (2.0, 30.0, 100.0, None):
            row = promised(hours, created_at=NOON + timedelta(days=day * 3))
    for day in range(1, 25):
        count_promises(row.city, NOON + timedelta(days=day))
    bit_by_bit = counted()
    assert [sum(row[2] for row in bit_by_bit if row[0] == hours) for hours in (24, 168)] == [16, 16]
    row.reopen()
    count_promises(row.city, NOON + timedelta(days=25), anew=True)
    assert counted() == bit_by_bit


def test_groups_too_small_to_say_anything_are_left_out(client: Client) -> None:
    version = activate_small_model()
    for _ in range(FEWEST - 1):
        promised(2.0)
    count_promises(version.city, LATER)
    assert reliability_of(version) == {}
    promised(None)
    count_promises(version.city, LATER)
    (tenth,) = reliability_of(version)[24]
    assert (tenth.closed, tenth.complaints) == (0.95, 20)
    (answered, _three_days) = client.get("/api/v1/models/small-1/accuracy/").json()["by_chance"]
    assert answered == {
        "within_hours": 24,
        "said": pytest.approx(tenth.said),
        "closed": 0.95,
        "complaints": 20,
    }


def test_what_was_tested_tells_its_own_chances() -> None:
    few = {"said": 0.1, "closed": 0.0, "rows": FEWEST - 1}
    many = {"said": 0.7, "closed": 0.6, "rows": FEWEST}
    overall = {"calibration_24": [few, many], "calibration_72": [few]}
    metrics = {"models": {"forecast": {"overall": overall}}}
    assert bins_of_the_test(metrics) == {24: [Tenth(0.7, 0.6, FEWEST)]}
    assert bins_of_the_test({}) == {}


def test_the_admin_draws_both_and_says_where_there_is_nothing(client: Client) -> None:
    version = activate_small_model()
    client.force_login(make_user("mia", "manager"))
    listed = "/admin/predictions/modelversion/"
    before = client.get(listed).content.decode()
    assert "Fewer than 20 of its promises" in before
    bins: list[dict[str, Any]] = [{"said": 0.7, "closed": 0.6, "rows": 1234}]
    version.metrics = {"models": {"forecast": {"overall": {"calibration_24": bins}}}}
    version.save(update_fields=["metrics"])
    for _ in range(FEWEST):
        promised(2.0)
    count_promises(version.city, LATER)
    for address in (listed, f"{listed}{version.pk}/change/"):
        page = client.get(address).content.decode()
        assert "70% promised, 60% came true, 1,234 complaints" in page
        assert "100% came true, 20 complaints" in page
        # Each point is a row of a table as well.
        assert "<td>70.0%</td><td>60.0%</td><td>1,234</td>" in page
