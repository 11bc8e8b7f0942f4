"""Thresholds, and what of a run fell short of them. Nothing here needs Locust.

`thresholds.toml` has a table for each profile, and `any` for all: `run` is about the whole run,
`total` about all requests together, `each` about every endpoint, and a table with an endpoint's
name (`GET /predict/{type}`) about that one. The nearer wins: the profile's before any's, the
endpoint's before each's.
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ANY, RUN, TOTAL, EACH = "any", "run", "total", "each"
LEAST_REQUESTS = {"p50_ms": 5, "p95_ms": 20, "p99_ms": 100}
"""A percentile of fewer requests says nothing and is not judged."""
HIGHEST = {
    "failure_share", "p50_ms", "p95_ms", "p99_ms",
    "lost", "doubled", "altered", "recovery_seconds", "memory_growth_share",
}  # fmt: skip
LOWEST = {"per_second", "knee_per_second", "accepted"}
OF_RUN = {
    "lost", "doubled", "altered", "accepted", "knee_per_second", "recovery_seconds",
    "memory_growth_share",
}  # fmt: skip

Limits = Mapping[str, float]


class ThresholdError(Exception):
    """The file of thresholds says something that means nothing; one line for a person."""


@dataclass(frozen=True)
class Finding:
    """One figure beside its limit. `figure` is None where it could not be measured."""

    where: str
    what: str
    figure: float | None
    limit: float

    @property
    def is_good(self) -> bool:
        """A figure that is missing is never good."""
        if self.figure is None:
            return False
        if self.what in LOWEST:
            return self.figure >= self.limit
        return self.figure <= self.limit


def read_thresholds(path: Path) -> dict[str, Any]:
    """The file. Raises ThresholdError."""
    try:
        tables = tomllib.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ThresholdError(f"{path}: {error}") from error
    for profile, places in tables.items():
        for place, limits in places.items():
            known = OF_RUN if place == RUN else (HIGHEST | LOWEST) - OF_RUN
            for what, limit in limits.items():
                if what not in known or isinstance(limit, bool) or not limit >= 0:
                    raise ThresholdError(
                        f"{path}: [{profile}.{place}] has {what} = {limit}, "
                        f"expected numbers for some of {', '.join(sorted(known))}"
                    )
    return tables


def limits_for(thresholds: Mapping[str, Any], profile: str, place: str) -> dict[str, float]:
    """What holds at a place: the table of any profile, and this profile's over it."""
    return {**thresholds.get(ANY, {}).get(place, {}), **thresholds.get(profile, {}).get(place, {})}


def judge(
    thresholds: Mapping[str, Any],
    profile: str,
    run: Mapping[str, float | None],
    total: Mapping[str, Any],
    endpoints: Mapping[str, Mapping[str, Any]],
    scale: float = 1.0,
) -> list[Finding]:
    """Every figure that has a limit; `run` is what the run as a whole found out.

    Where the profile's rates were scaled, so are the least requests a second. `total` and
    `endpoints` are figures of `timeline.Window`. Where nothing was asked at all, or an endpoint
    that has limits of its own was not, that is a finding too.
    """
    findings = [
        Finding("the run", what, run.get(what), limit)
        for what, limit in limits_for(thresholds, profile, RUN).items()
    ]
    whole = _scaled(limits_for(thresholds, profile, TOTAL), scale)
    findings += _figures("all requests", total, whole, True)
    each = limits_for(thresholds, profile, EACH)
    own = {
        name
        for table in (ANY, profile)
        for name in thresholds.get(table, {})
        if name not in {RUN, TOTAL, EACH}
    }
    asked = {name for name, figures in endpoints.items() if figures["requests"]}
    for name in sorted(own | asked):
        limits = _scaled({**each, **limits_for(thresholds, profile, name)}, scale)
        findings += _figures(name, endpoints.get(name, {}), limits, False)
    return findings


def _scaled(limits: Limits, scale: float) -> Limits:
    return {w: limit * scale if w == "per_second" else limit for w, limit in limits.items()}


def _figures(
    where: str, figures: Mapping[str, Any], limits: Limits, is_total: bool
) -> Iterator[Finding]:
    requests = figures.get("requests", 0)
    for what, limit in limits.items():
        if not requests:
            yield Finding(where, what, None, limit)
        elif is_total or requests >= LEAST_REQUESTS.get(what, 1):
            yield Finding(where, what, figures[what], limit)


def table(findings: list[Finding]) -> str:
    """What fell short, or that nothing did."""
    short = [finding for finding in findings if not finding.is_good]
    if not short:
        return f"Every figure is within its limit ({len(findings)} compared)."
    lines = [f"{len(short)} of {len(findings)} figures fell short:"]
    lines += [f"  {'where':52}{'what':22}{'measured':>12}{'limit':>12}"]
    for finding in short:
        sign = "≥" if finding.what in LOWEST else "≤"
        limit = f"{sign} {_number(finding.limit)}"
        lines.append(
            f"  {finding.where[:51]:52}{finding.what:22}{_number(finding.figure):>12}{limit:>12}"
        )
    return "\n".join(lines)


def _number(figure: float | None) -> str:
    return "nothing" if figure is None else f"{figure:,.4g}"
