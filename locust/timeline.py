"""What was measured, second by second and phase by phase, from Locust's running totals.

Locust keeps totals of the whole run; a verdict needs those of a phase. Every second the totals are
read and what came since is added to the window of the phase. Nothing here needs Locust itself, and
the master of several processes works the same way (its totals move every three seconds).
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

REFUSED = " (refused)"
BEFORE = "before"
CALM_SAMPLES = 3
"""Recovered: so many samples in a row are good."""


@dataclass
class Window:
    """Requests of one kind within some seconds; `times` are milliseconds as Locust rounds them."""

    requests: int = 0
    failures: int = 0
    seconds: float = 0.0
    times: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Window") -> None:
        """Add what another window holds, its seconds excepted."""
        self.requests += other.requests
        self.failures += other.failures
        self.times.update(other.times)

    def since(self, before: "Window") -> "Window":
        """What came after an earlier reading of the same totals."""
        return Window(
            self.requests - before.requests,
            self.failures - before.failures,
            self.seconds - before.seconds,
            self.times - before.times,
        )

    def percentile(self, percent: float) -> float | None:
        """Milliseconds within which so many percent were answered."""
        wanted, seen = sum(self.times.values()) * percent / 100, 0
        for time, count in sorted(self.times.items()):
            seen += count
            if seen >= wanted:
                return float(time)
        return None

    def figures(self) -> dict[str, Any]:
        """What reports show."""
        return {
            "requests": self.requests,
            "failures": self.failures,
            "failure_share": self.failures / self.requests if self.requests else 0.0,
            "per_second": round(self.requests / self.seconds, 2) if self.seconds else 0.0,
            "p50_ms": self.percentile(50),
            "p95_ms": self.percentile(95),
            "p99_ms": self.percentile(99),
            "slowest_ms": float(max(self.times, default=0)),
        }


@dataclass(frozen=True)
class Sample:
    """About a second of the run."""

    at: float
    phase: str
    users: int
    per_second: float
    failures: int
    refused: int
    p50_ms: float | None
    p95_ms: float | None


class Timeline:
    """Windows by phase and endpoint, and samples in order."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.windows: dict[str, dict[str, Window]] = {}
        self._before: dict[str, Window] = {}
        self._at = 0.0

    def read(self, at: float, phase: str, users: int, entries: Iterable[Any], keep: bool) -> None:
        """Take Locust's totals (`stats.entries.values()`) `at` so many seconds of the run."""
        totals = {
            f"{entry.method} {entry.name}": Window(
                entry.num_requests, entry.num_failures, at, Counter(entry.response_times)
            )
            for entry in entries
        }
        passed = at - self._at
        new = {
            name: total.since(self._before.get(name, Window(seconds=self._at)))
            for name, total in totals.items()
        }
        self._before, self._at = totals, at
        if keep:
            self._keep(phase, passed, new)
        self._sample(at, phase, users, passed, new)

    def _keep(self, phase: str, passed: float, new: dict[str, Window]) -> None:
        windows = self.windows.setdefault(phase, {"": Window()})
        for name, window in new.items():
            windows.setdefault(name, Window()).add(window)
        # An endpoint that was first asked late is measured over the whole phase all the same.
        windows[""].seconds += passed
        for window in windows.values():
            window.seconds = windows[""].seconds

    def _sample(
        self, at: float, phase: str, users: int, passed: float, new: dict[str, Window]
    ) -> None:
        everything = together(new.values(), passed)
        refused = sum(window.requests for name, window in new.items() if name.endswith(REFUSED))
        self.samples.append(
            Sample(
                round(at, 1),
                phase,
                users,
                round(everything.requests / passed, 1) if passed else 0.0,
                everything.failures,
                refused,
                everything.percentile(50),
                everything.percentile(95),
            )
        )

    def measured(self, phases: Iterable[str] | None = None) -> dict[str, Window]:
        """Windows by endpoint over these phases, or all that were kept."""
        found: dict[str, Window] = {}
        seconds = 0.0
        for phase in self.windows if phases is None else phases:
            windows = self.windows.get(phase, {})
            seconds += windows[""].seconds if windows else 0.0
            for name, window in windows.items():
                if name:
                    found.setdefault(name, Window()).add(window)
        for window in found.values():
            window.seconds = seconds
        return found

    def total(self, phases: Iterable[str] | None = None) -> Window:
        """Everything within these phases, refusals left out: they are no service."""
        found = self.measured(phases)
        kept = [window for name, window in found.items() if not name.endswith(REFUSED)]
        return together(kept, kept[0].seconds if kept else 0.0)

    def recovery_seconds(self, phase: str, limit_ms: float) -> float | None:
        """From the start of a phase until answers are as fast as the limit, and stay so.

        On a machine that is slower than the limit anyway: as fast as in nine of ten seconds of the
        phase `before`.
        """
        usual = sorted(s.p95_ms for s in self.samples if s.phase == BEFORE and s.p95_ms is not None)
        limit_ms = max([limit_ms, *usual[: len(usual) * 9 // 10]])
        samples = [sample for sample in self.samples if sample.phase == phase]
        told = [sample for sample in samples if sample.p95_ms is not None]
        calm = [not sample.failures and (sample.p95_ms or 0) <= limit_ms for sample in told]
        for index in range(len(told) - CALM_SAMPLES + 1):
            if all(calm[index : index + CALM_SAMPLES]):
                return max(0.0, round(told[index].at - samples[0].at, 1))
        return None

    def told(self) -> list[dict[str, Any]]:
        """The samples as JSON has them."""
        return [asdict(sample) for sample in self.samples]


def together(windows: Iterable[Window], seconds: float) -> Window:
    """One window of several."""
    whole = Window(seconds=seconds)
    for window in windows:
        whole.add(window)
    return whole
