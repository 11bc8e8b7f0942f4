"""What the forecast benchmark's figures are held against: ratios within one run."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

A = "FastAPI, random forest on a DataFrame (a)"
B = "FastAPI `async def`, our model (b)"
B_DEF = "FastAPI `def`, our model"
LANE, WEB = "lane, `/predict_async/`", "web, `/predict/` viewset"
ASGI, WSGI = "nothing, ASGI, same gunicorn (c)", "nothing, WSGI, same gunicorn (c)"
ALONE = "onnxruntime alone, one curve (d)"
ALONE_MANY = "onnxruntime alone, a row of 1,000 (d)"
BATCH, B_BATCH = "web, a row of a batch of 1,000", "FastAPI, a row of its own batch of 1,000 (b)"
LARGE = "web, a row of a batch of 10,000"


@dataclass(frozen=True)
class Figures:
    """What one contender did in one round, an answer or a row."""

    per_second: float
    cpu_microseconds: float


Rounds = Mapping[str, Sequence[Figures]]


@dataclass(frozen=True)
class Goal:
    """A figure, what was wanted of it, and whether it is there."""

    name: str
    got: float
    wanted: float
    at_most: bool = False
    unit: str = "×"

    @property
    def is_reached(self) -> bool:
        """Whether it is."""
        return self.got <= self.wanted if self.at_most else self.got >= self.wanted

    def row(self) -> str:
        """A line of a Markdown table."""
        sign = "≤" if self.at_most else "≥"
        verdict = "reached" if self.is_reached else "**missed**"
        wanted, got = f"{sign} {self.wanted:g} {self.unit}", f"{self.got:.3g} {self.unit}"
        return f"| {self.name} | {wanted} | {got} | {verdict} |"


def medians(rounds: Rounds) -> dict[str, Figures]:
    """Of each contender's rounds."""
    return {
        name: Figures(
            statistics.median(one.per_second for one in figures),
            statistics.median(one.cpu_microseconds for one in figures),
        )
        for name, figures in rounds.items()
    }


def ratios(figures: Mapping[str, Figures]) -> list[Goal]:
    """The goals that compare contenders."""
    speed = {name: one.per_second for name, one in figures.items()}
    cpu = {name: one.cpu_microseconds for name, one in figures.items()}
    return [
        Goal("lane, CPU: times cheaper than (a)", cpu[A] / cpu[LANE], 100),
        Goal("lane, requests/s: times (a)", speed[LANE] / speed[A], 100),
        Goal("lane, requests/s: times (b)", speed[LANE] / speed[B], 2),
        Goal("lane, CPU: of the sum of (c, ASGI) and (d)",
             cpu[LANE] / (cpu[ASGI] + cpu[ALONE]), 1.5, at_most=True),
        Goal("web, CPU: times cheaper than (a)", cpu[A] / cpu[WEB], 20),
        Goal("web, requests/s: times (a)", speed[WEB] / speed[A], 20),
        Goal("web, CPU: of FastAPI `def` with our model", cpu[WEB] / cpu[B_DEF], 1.6, at_most=True),
        Goal("batch, rows/s: times (a) one by one", speed[BATCH] / speed[A], 20),
        Goal("batch, rows/s: times (b)'s own batch", speed[BATCH] / speed[B_BATCH], 5),
        Goal("batch, CPU of a row: of (d)", cpu[BATCH] / cpu[ALONE_MANY], 2, at_most=True),
    ]  # fmt: skip


def goal_table(goals: Sequence[Goal]) -> str:
    """Markdown."""
    head = "| goal | wanted | got | |\n|---|---|---|---|\n"
    return head + "".join(f"{goal.row()}\n" for goal in goals)


def contender_table(figures: Mapping[str, Figures], rounds: Rounds) -> str:
    """Markdown: medians, and how far apart the rounds were."""
    head = "| contender | answers/s | CPU each, µs | CPU in the rounds, µs |\n|---|---|---|---|\n"
    lines = []
    for name, one in figures.items():
        seen = ", ".join(f"{each.cpu_microseconds:,.0f}" for each in rounds[name])
        lines.append(f"| {name} | {one.per_second:,.0f} | {one.cpu_microseconds:,.1f} | {seen} |\n")
    return head + "".join(lines)
