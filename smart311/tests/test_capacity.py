"""What hardware a city needs, from measured costs."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from smart311.capacity import Costs, needs

COSTS = Costs(
    seconds_per_filing=0.01,
    seconds_per_read=0.005,
    bytes_per_complaint=3_000,
    process_bytes=500_000_000,
)


def test_a_city_of_ten_thousand_complaints_a_day() -> None:
    found = needs(10_000, COSTS)
    assert found.filings_per_second == pytest.approx(0.63)
    assert found.reads_per_second == pytest.approx(6.3)
    assert found.busy_processors == pytest.approx(0.63 * 0.01 + 6.3 * 0.005)
    assert found.processors == 1
    assert found.disk_bytes_a_year == 10_000 * 365 * 3_000
    assert found.memory_bytes == 500_000_000 + found.disk_bytes_a_year / 4


@given(st.integers(1, 10**8), st.integers(2, 50))
def test_a_larger_city_needs_no_less(size: int, times: int) -> None:
    small, large = needs(size, COSTS), needs(size * times, COSTS)
    assert large.processors >= small.processors
    assert large.memory_bytes > small.memory_bytes
    assert large.busy_processors == pytest.approx(small.busy_processors * times)
    assert large.processors >= 2 * large.busy_processors


@pytest.mark.parametrize("size", [0, -5])
def test_a_city_without_complaints_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"got {size} complaints a day"):
        needs(size, COSTS)


def test_the_command_makes_a_table_of_what_a_load_test_wrote(tmp_path: Path) -> None:
    measured = tmp_path / "costs.json"
    measured.write_text(json.dumps({"source": "steady", "costs": COSTS.__dict__}))
    out = StringIO()
    words = ["--city-size", "10000", "1000000", "--measured", str(measured)]
    call_command("capacity", *words, stdout=out)
    rows = [line.split() for line in out.getvalue().splitlines()[2:]]
    assert [row[0] for row in rows] == ["10,000", "1,000,000"]
    assert [row[4] for row in rows] == ["1", "8"]


@pytest.mark.parametrize(
    "content", ["", "{}", '{"costs": {"seconds_per_filing": 1}}'], ids=("none", "empty", "part")
)
def test_costs_that_are_none_are_refused_in_a_line(tmp_path: Path, content: str) -> None:
    measured = tmp_path / "costs.json"
    if content:
        measured.write_text(content)
    with pytest.raises(CommandError):
        call_command("capacity", "--city-size", "10", "--measured", str(measured))
