"""Profiles: what load comes when. Each is a Locust LoadTestShape; `--profile` chooses one.

A profile is a list of phases; those marked `is_measured` are what the verdict looks at. Rates are
requests a second, which are users, since a user sends one request a second. `--duration` makes a
profile shorter or longer in proportion, `--scale` changes its rates.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

from locust.runners import MasterRunner, Runner
from told import RECORD_DAY

from locust import LoadTestShape

Tick = tuple[int, float, list[Any]]

STEADY = 110
"""10 complaints and 100 reads a second."""
HOURS = (
    38,
    27,
    17,
    13,
    10,
    12,
    17,
    27,
    46,
    60,
    63,
    59,
    61,
    56,
    60,
    56,
    54,
    48,
    45,
    45,
    44,
    48,
    52,
    43,
)
"""Complaints by local hour, of a thousand: the sample's, which has New York's statistics."""
STORM_SECONDS = 3600
WARM_UP_SECONDS = 10
SPAWN_SECONDS = 5
"""Within which the users of a phase come."""
AT_ONCE = 10_000.0
DRAIN_SECONDS = 1.5
"""So long after the last user has gone a run ends …"""
LONGEST_DRAIN_SECONDS = 60
REPORT_SECONDS = 3.0
"""… and, where there are several worker processes, until each has told of its complaints."""
STEP_SECONDS = 15
STEP_GROWTH = 1.25
FIRST_STEP = 50
MOST_STEPS = 18
KNEE_P95_MS = 250
KNEE_SHARE = 0.95
"""A step holds if this share of what was asked for is answered, with that p95 and …"""
KNEE_FAILURE_SHARE = 0.01


@dataclass(frozen=True)
class Phase:
    """So many seconds at so many requests a second."""

    name: str
    seconds: float
    rate: float
    is_measured: bool = False


DRAIN = Phase("drain", DRAIN_SECONDS, 0)


class Profile(LoadTestShape):
    """A load test shape made of phases, then a drain."""

    use_common_options = True
    name: ClassVar[str] = ""
    classes: ClassVar[tuple[str, ...]] = ()
    """User classes by name; empty: the whole mix."""
    is_overload_expected: ClassVar[bool] = False
    least_seconds: ClassVar[float] = 2.0
    """No phase is made shorter."""
    choose_classes: ClassVar[Callable[[Any], list[Any]]]
    """Which of the environment's classes run, none if it makes no sense; put in place by whoever
    leads the run."""
    does_hold: ClassVar[Callable[[Phase], bool]]
    """Whether a measured phase held, else the rest is left out; put in place as well."""
    phase: Phase | None = None

    def phases(self, options: Any) -> list[Phase]:
        """What happens, before `--duration` and `--scale`: without a profile what they ask."""
        seconds = float(options.run_time or math.inf)
        return [Phase("run", seconds, options.num_users or 1, is_measured=True)]

    def planned(self, options: Any) -> list[Phase]:
        """What happens."""
        phases = [replace(p, rate=p.rate * options.scale) for p in self.phases(options)]
        factor = (options.duration or 0) / sum(phase.seconds for phase in phases) or 1.0
        return [replace(p, seconds=max(self.least_seconds, p.seconds * factor)) for p in phases]

    def at(self, seconds: float, options: Any) -> Phase | None:
        """The phase at a moment of the run; None after the last."""
        for phase in self.planned(options):
            if seconds < phase.seconds:
                return phase
            seconds -= phase.seconds
        return None

    def reset_time(self) -> None:
        """Begin anew."""
        super().reset_time()
        self.phase = None
        self._drain_until = self._drained_at = 0.0
        self._last: Tick | None = None

    def tick(self) -> Tick | None:
        """Users, users a second, classes; None at the end."""
        environment = cast(Runner, self.runner).environment
        if self._last is None:
            classes = Profile.choose_classes(environment)
            if not classes:
                return None
            # What asking the server took is no part of the profile.
            super().reset_time()
            self._last = (0, 1.0, classes)
        before, classes = self.phase, self._last[2]
        if not self._drain_until:
            self.phase = self.at(self.get_run_time(), environment.parsed_options)
        if self.phase == before is not None:
            return self._last if self.phase.rate else self._drain(classes)
        if before and before.is_measured and not Profile.does_hold(before):
            self.phase = None
        if self.phase is None:
            return self._drain(classes)
        rate = round(self.phase.rate)
        more = rate - self.get_current_user_count()
        # Who leaves leaves at once: Locust waits for each batch of those who are still served.
        within = min(SPAWN_SECONDS, self.phase.seconds / 3)
        spawn_rate = max(1.0, more / within) if more > 0 else AT_ONCE
        self._last = (rate, spawn_rate, classes)
        return self._last

    def _drain(self, classes: list[Any]) -> Tick | None:
        """Nobody asks any more; over when nobody has waited for an answer for a while."""
        now = time.perf_counter()
        late = REPORT_SECONDS if isinstance(self.runner, MasterRunner) else 0.0
        self._drained_at = self._drained_at or now
        if self.get_current_user_count() or not self._drain_until:
            self._drain_until = now + DRAIN_SECONDS + late
        self.phase = DRAIN
        is_over = now > min(self._drain_until, self._drained_at + LONGEST_DRAIN_SECONDS)
        return None if is_over else (0, AT_ONCE, classes)


class Smoke(Profile):
    """Everything once or twice."""

    name = "smoke"

    def phases(self, options: Any) -> list[Phase]:
        return [Phase("warm-up", 2, 20), Phase("smoke", 8, 20, is_measured=True)]


class Steady(Profile):
    """The load that a city of New York's size makes in its busiest minutes, for ten minutes."""

    name = "steady"

    def phases(self, options: Any) -> list[Phase]:
        return [
            Phase("warm-up", WARM_UP_SECONDS, STEADY),
            Phase("steady", 600, STEADY, is_measured=True),
        ]


class Spike(Profile):
    """Ten times the load from one second to the next, and back."""

    name = "spike"
    is_overload_expected = True
    usual = 40

    def phases(self, options: Any) -> list[Phase]:
        return [
            Phase("warm-up", WARM_UP_SECONDS, self.usual),
            Phase("before", 60, self.usual),
            Phase("spike", 60, 10 * self.usual, is_measured=True),
            Phase("recovery", 60, self.usual),
        ]


class Soak(Profile):
    """Half the steady load for half an hour: does anything grow?"""

    name = "soak"

    def phases(self, options: Any) -> list[Phase]:
        return [
            Phase("warm-up", WARM_UP_SECONDS, STEADY / 2),
            Phase("soak", 1800, STEADY / 2, is_measured=True),
        ]


class Storm(Profile):
    """A record day, hour by hour, in an hour; a shorter storm is a part of it at the same rates."""

    name = "storm"
    classes = ("Filer",)

    def phases(self, options: Any) -> list[Phase]:
        seconds = STORM_SECONDS / len(HOURS)
        return [
            Phase(f"hour {hour}", seconds, RECORD_DAY * share / sum(HOURS) / seconds, True)
            for hour, share in enumerate(HOURS)
        ]


class Overload(Profile):
    """Five times what the server can do, then the steady load again."""

    name = "overload"
    is_overload_expected = True

    def phases(self, options: Any) -> list[Phase]:
        return [
            Phase("warm-up", WARM_UP_SECONDS, STEADY),
            Phase("before", 30, STEADY),
            Phase("overload", 60, 5 * options.capacity, is_measured=True),
            Phase("recovery", 60, STEADY),
        ]


class Ramp(Profile):
    """Steps upward until one does not hold: the knee is the last that did."""

    name = "ramp"
    least_seconds = 8.0

    def phases(self, options: Any) -> list[Phase]:
        rates = [FIRST_STEP * STEP_GROWTH**step for step in range(MOST_STEPS)]
        steps = [Phase(f"{rate:.0f}/s", STEP_SECONDS, rate, is_measured=True) for rate in rates]
        return [Phase("warm-up", STEP_SECONDS, FIRST_STEP), *steps]


PROFILES: dict[str, Profile] = {
    kind.name: kind() for kind in (Smoke, Steady, Ramp, Spike, Soak, Storm, Overload)
}


class Chosen(LoadTestShape):
    """The shape that Locust runs: the profile that `--profile` names, or none."""

    use_common_options = True
    _current: Profile | None = None

    def reset_time(self) -> None:
        """Begin anew, perhaps with another profile: the web interface may have changed it."""
        super().reset_time()
        runner = cast(Runner, self.runner)
        self._current = chosen_profile(runner.environment.parsed_options)
        self._current.runner = runner
        self._current.reset_time()

    def tick(self) -> Tick | None:
        """As the profile says."""
        return cast(Profile, self._current).tick()

    @property
    def phase(self) -> Phase | None:
        """Where the profile is."""
        return self._current.phase if self._current else None


def chosen_profile(options: Any) -> Profile:
    """The one that is named; without a name what `--users` and `--run-time` say."""
    return PROFILES[options.profile] if options.profile else Profile()
