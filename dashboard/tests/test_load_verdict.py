"""How a load test judges: windows of Locust's totals, the ledger, thresholds, profiles."""

import importlib
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

FOLDER = Path(settings.BASE_DIR) / "locust"


@pytest.fixture(scope="module", autouse=True)
def _locust_folder() -> Iterator[None]:
    """Locust puts the folder of its file on the path; these modules do without Locust itself."""
    sys.path.insert(0, str(FOLDER))
    yield
    sys.path.remove(str(FOLDER))


def module(name: str) -> Any:
    return importlib.import_module(name)


@dataclass
class Entry:
    """Totals of one endpoint, as Locust keeps them."""

    name: str
    method: str = "GET"
    num_requests: int = 0
    num_failures: int = 0
    response_times: dict[int, int] = field(default_factory=dict)

    def answer(self, *milliseconds: int, failures: int = 0) -> None:
        self.num_requests += len(milliseconds)
        self.num_failures += failures
        for each in milliseconds:
            self.response_times[each] = self.response_times.get(each, 0) + 1


def test_a_phase_holds_only_what_came_within_it() -> None:
    timeline, entry = module("timeline").Timeline(), Entry("/a")
    entry.answer(1000, 1000, failures=2)
    timeline.read(1.0, "warm-up", 5, [entry], keep=False)
    entry.answer(10, 20, 30, 40)
    timeline.read(3.0, "steady", 5, [entry], keep=True)
    figures = timeline.total().figures()
    assert (figures["requests"], figures["failures"], figures["per_second"]) == (4, 0, 2.0)
    assert (figures["p50_ms"], figures["p95_ms"], figures["slowest_ms"]) == (20, 40, 40)
    assert [sample.failures for sample in timeline.samples] == [2, 0]


@hypothesis.settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=50), st.integers(1, 100))
def test_percentiles_are_those_of_the_sorted_times(times: list[int], percent: int) -> None:
    window = module("timeline").Window(times=Counter(times))
    rank = -(-len(times) * percent // 100)
    assert window.percentile(percent) == sorted(times)[max(1, rank) - 1]


def test_refusals_are_no_service_but_are_told() -> None:
    timeline = module("timeline").Timeline()
    good, refused = Entry("/a"), Entry("/a (refused)")
    good.answer(10)
    refused.answer(1, 1, 1)
    timeline.read(1.0, "overload", 5, [good, refused], keep=True)
    assert timeline.total().requests == 1
    assert timeline.samples[0].refused == 3


def test_recovery_is_when_answers_are_fast_again_and_stay_so() -> None:
    timeline, entry = module("timeline").Timeline(), Entry("/a")
    for second, time in enumerate([900, 900, 90, 900, 90, 80, 70, 60]):
        entry.answer(time)
        timeline.read(float(second), "recovery", 5, [entry], keep=False)
    assert timeline.recovery_seconds("recovery", 100) == 4.0
    assert timeline.recovery_seconds("recovery", 50) is None


def test_a_slow_machine_has_recovered_when_it_is_as_slow_as_before() -> None:
    timeline, entry = module("timeline").Timeline(), Entry("/a")
    for second, time in enumerate([*[300] * 9, 5000, 900, 300, 290, 310, 280, 270, 300]):
        entry.answer(time)
        timeline.read(float(second), "before" if second < 10 else "recovery", 5, [entry], False)
    assert timeline.recovery_seconds("recovery", 100) == 4.0


def answer(mark: str, number: str) -> dict[str, Any]:
    return {
        "id": number,
        "address": mark,
        "complaint_type": "rodent",
        "created_at": "2026-01-01T00:00:00Z",
    }


def book(*told: Any) -> Any:
    whole = module("ledger").Book()
    for number, ledger in enumerate(told):
        whole.merge(str(number), ledger.take())
    return whole


def test_the_ledger_finds_what_is_lost_doubled_or_altered() -> None:
    ledger, marks = module("ledger").Ledger(), [module("ledger").new_mark() for _ in range(4)]
    for number, mark in enumerate(marks):
        ledger.sent(mark)
        ledger.stored(mark, answer(mark, f"id{number}"))
    rows = [
        answer(marks[1], "id1"),
        answer(marks[2], "id2"),
        answer(marks[2], "another"),
        {**answer(marks[3], "id3"), "complaint_type": "noise"},
    ]
    balance = book(ledger).balance(rows)
    assert (balance.accepted, balance.lost, balance.doubled, balance.altered) == (4, 1, 1, 1)
    assert set(balance.examples) == {marks[0], marks[2], marks[3]}


def test_what_was_never_answered_may_be_stored_once_but_not_twice() -> None:
    ledger, marks = module("ledger").Ledger(), [module("ledger").new_mark() for _ in range(3)]
    for mark in marks:
        ledger.sent(mark)
    rows = [answer(marks[1], "a"), answer(marks[2], "b"), answer(marks[2], "c")]
    balance = book(ledger).balance(rows)
    assert (balance.unanswered, balance.stored_without_answer) == (3, 2)
    assert (balance.lost, balance.doubled) == (0, 1)


def test_one_mark_with_two_ids_is_doubled_in_whichever_process() -> None:
    mark = module("ledger").new_mark()
    ledgers = [module("ledger").Ledger(), module("ledger").Ledger()]
    for number, ledger in enumerate(ledgers):
        ledger.stored(mark, answer(mark, f"id{number}"))
    assert book(*ledgers).balance([answer(mark, "id0")]).doubled == 1


GOOD = {"requests": 1000, "failure_share": 0.0, "per_second": 110.0, "p95_ms": 90.0}


def judged(profile: str, total: dict[str, Any], **run: float) -> set[tuple[str, str]]:
    verdict = module("verdict")
    thresholds = verdict.read_thresholds(FOLDER / "thresholds.toml")
    whole = {"lost": 0, "doubled": 0, "altered": 0, **run}
    endpoints = {"POST /api/v1/complaints/": {**GOOD, "per_second": 10.0}}
    found = verdict.judge(thresholds, profile, whole, total, endpoints)
    return {(finding.where, finding.what) for finding in found if not finding.is_good}


@pytest.mark.parametrize(
    ("change", "short"),
    [
        ({}, set()),
        ({"p95_ms": 101.0}, {("all requests", "p95_ms")}),
        ({"per_second": 100.0}, {("all requests", "per_second")}),
        ({"failure_share": 0.001}, {("all requests", "failure_share")}),
    ],
)
def test_the_steady_profile_keeps_what_is_promised(
    change: dict[str, float], short: set[tuple[str, str]]
) -> None:
    assert judged("steady", {**GOOD, **change}) == short


def test_the_least_throughput_goes_with_the_scale() -> None:
    verdict = module("verdict")
    limits = {"steady": {"total": {"per_second": 100}}}
    for scale, passes in ((0.5, True), (1.0, False)):
        total = {**GOOD, "per_second": 60.0}
        found = verdict.judge(limits, "steady", {}, total, {}, scale)
        assert [finding.is_good for finding in found] == [passes]


def test_a_lost_complaint_fails_every_profile() -> None:
    assert judged("soak", GOOD, lost=1, memory_growth_share=0.0) == {("the run", "lost")}


def test_what_was_not_measured_has_not_passed() -> None:
    assert judged("ramp", GOOD) == {("the run", "knee_per_second")}
    assert ("all requests", "p95_ms") in judged("steady", {"requests": 0})


def test_only_an_endpoint_with_limits_of_its_own_must_be_asked() -> None:
    verdict = module("verdict")
    limits = {"any": {"each": {"failure_share": 0}}, "smoke": {"GET /a": {"p95_ms": 9}}}
    unasked = {"GET /a": {"requests": 0}, "GET /b": {"requests": 0}}
    found = verdict.judge(limits, "smoke", {}, GOOD, unasked)
    assert {(finding.where, finding.figure) for finding in found} == {("GET /a", None)}


def test_every_profile_has_limits_of_its_own() -> None:
    verdict = module("verdict")
    thresholds = verdict.read_thresholds(FOLDER / "thresholds.toml")
    profiles = {"smoke", "steady", "ramp", "spike", "soak", "storm", "overload"}
    assert thresholds.keys() == profiles | {"any"}


def test_a_limit_that_means_nothing_is_refused(tmp_path: Path) -> None:
    verdict = module("verdict")
    path = tmp_path / "thresholds.toml"
    path.write_text("[steady.total]\np96_ms = 3\n")
    with pytest.raises(verdict.ThresholdError, match="p96_ms"):
        verdict.read_thresholds(path)
