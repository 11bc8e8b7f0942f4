"""One run of a load test as its leader sees it: what runs, what was measured, the verdict."""

import json
import logging
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
from knowledge import Knowledge, ServerError, is_offered
from ledger import Balance, Book
from locust.runners import MasterRunner
from profiles import (
    KNEE_FAILURE_SHARE,
    KNEE_P95_MS,
    KNEE_SHARE,
    PROFILES,
    REPORT_SECONDS,
    SPAWN_SECONDS,
    Phase,
    chosen_profile,
)
from staff import Staff
from timeline import Timeline
from verdict import (
    RUN,
    TOTAL,
    Finding,
    ThresholdError,
    judge,
    limits_for,
    read_thresholds,
    table,
)

SAMPLE_SECONDS = 1.0
logger = logging.getLogger("smart311.load")


class Trial:
    """A run, or one after the other in the web interface. Never in a worker process."""

    def __init__(self, environment: Any, thresholds: Path) -> None:
        self._environment = environment
        self._thresholds_file = Path(environment.parsed_options.thresholds or thresholds)
        self._is_running = False
        self.exit_code = 1
        self.book = Book()
        self.timeline = Timeline()
        self.notes: list[str] = []
        self._sampler: Any = None
        try:
            self._thresholds = read_thresholds(self._thresholds_file)
        except ThresholdError as error:
            raise SystemExit(str(error)) from error

    @property
    def _options(self) -> Any:
        return self._environment.parsed_options

    @property
    def _host(self) -> str:
        return str(self._environment.host or "").rstrip("/")

    def choose_classes(self, environment: Any) -> list[Any]:
        """The user classes of this run: the profile's, less those the server has nothing for.

        None if the server does not answer or nothing is left; the log says why.
        """
        self.notes, self.exit_code = [], 1
        try:
            Knowledge.read(self._host)
        except ServerError as error:
            logger.error("%s", error)
            return []
        named = self._options.user_classes
        wanted = tuple(named or ()) or chosen_profile(self._options).classes
        chosen = []
        for kind in environment.user_classes:
            if kind.__name__ not in wanted if wanted else kind.is_extra:
                continue
            if why := self._missing(kind):
                self.notes.append(f"{kind.__name__} did not run: {why}.")
            else:
                chosen.append(kind)
        if not chosen:
            logger.error("No users to run: none of %s has what it needs.", wanted or "all")
        return chosen

    def _missing(self, kind: Any) -> str:
        if kind is Staff and not (self._options.staff_user and self._options.staff_password):
            return "no --staff-user with --staff-password"
        if kind.needs and not is_offered(self._host, kind.needs):
            return f"the server does not offer {kind.needs}"
        return ""

    def start(self) -> None:
        """Forget the last run and begin to sample."""
        self.book, self.timeline = Book(), Timeline()
        self._is_running = True
        self._began = time.perf_counter()
        self.started_at = datetime.now(UTC)
        self._sampler = gevent.spawn(self._sample)

    def _sample(self) -> None:
        settled_in, entered = "", 0.0
        while self._is_running:
            gevent.sleep(SAMPLE_SECONDS)
            shape: Any = self._environment.shape_class
            phase: Phase | None = shape.phase if shape else None
            name = phase.name if phase else "run"
            now = time.perf_counter() - self._began
            if name != settled_in:
                settled_in, entered = name, now
            keep = bool(phase and phase.is_measured) and now - entered >= self._settling(phase)
            runner = self._environment.runner
            entries = list(runner.stats.entries.values())
            self.timeline.read(now, name, runner.user_count, entries, keep)

    def _settling(self, phase: Phase | None) -> float:
        """Steps of a ramp are judged once their users are there."""
        if self._options.profile != "ramp" or phase is None:
            return 0.0
        late = REPORT_SECONDS if isinstance(self._environment.runner, MasterRunner) else 0.0
        return min(SPAWN_SECONDS + late, phase.seconds / 2)

    def does_hold(self, phase: Phase) -> bool:
        """Whether a step of the ramp held; phases of other profiles always do."""
        if self._options.profile != "ramp":
            return True
        figures = self.timeline.total([phase.name]).figures()
        told = f"{figures['per_second']}/s, p95 {figures['p95_ms']} ms"
        logger.info("Step %s: %s, %d failures", phase.name, told, figures["failures"])
        return self._is_held(phase, figures)

    def _is_held(self, phase: Phase, figures: dict[str, Any]) -> bool:
        return bool(
            figures["per_second"] >= KNEE_SHARE * phase.rate
            and (figures["p95_ms"] or 0) <= KNEE_P95_MS
            and figures["failure_share"] <= KNEE_FAILURE_SHARE
        )

    def finish(self) -> None:
        """Compare the books, judge, print, write; once a run."""
        if not self._is_running:
            return
        self._is_running = False
        self._sampler.kill()
        try:
            balance: Balance | None = self.book.compare(self._host)
        except ServerError as error:
            self.notes.append(f"The ledger could not be compared: {error}")
            balance = None
        findings = self._judge(balance)
        is_good = all(finding.is_good for finding in findings)
        self.exit_code = 0 if is_good else 1
        self._print(balance, findings)
        if self._options.result:
            self._write(Path(self._options.result), balance, findings)

    def knee(self) -> float | None:
        """The rate of the last step of a ramp that held."""
        if self._options.profile != "ramp":
            return None
        steps = {
            phase: self.timeline.total([phase.name]).figures()
            for phase in PROFILES["ramp"].planned(self._options)
            if phase.name in self.timeline.windows
        }
        held = [row["per_second"] for step, row in steps.items() if self._is_held(step, row)]
        return max(held, default=0.0)

    def _of_run(self, balance: Balance | None) -> dict[str, float | None]:
        steady = limits_for(self._thresholds, "steady", TOTAL).get("p95_ms", 100)
        told: dict[str, float | None] = {
            "knee_per_second": self.knee(),
            "recovery_seconds": self.timeline.recovery_seconds("recovery", steady),
        }
        if balance:
            told |= {
                name: getattr(balance, name) for name in ("lost", "doubled", "altered", "accepted")
            }
        return told

    def _judge(self, balance: Balance | None) -> list[Finding]:
        endpoints = {name: w.figures() for name, w in self.timeline.measured().items()}
        total = self.timeline.total().figures()
        profile = self._options.profile or ""
        whole, scale = self._of_run(balance), self._options.scale if profile else 1.0
        findings = judge(self._thresholds, profile, whole, total, endpoints, scale)
        # What needs the server's processes in sight is judged by who started them; and who names
        # classes of users does not mean the endpoints of others.
        return [
            finding
            for finding in findings
            if finding.what != "memory_growth_share"
            and not (self._options.user_classes and self._is_unasked(finding))
        ]

    def _is_unasked(self, finding: Finding) -> bool:
        return finding.figure is None and finding.where.startswith(("GET ", "POST "))

    def _print(self, balance: Balance | None, findings: list[Finding]) -> None:
        lines = ["", f"Profile {self._options.profile or '(none)'} on {self._host}"]
        lines += self.notes
        if balance:
            lines.append(
                f"Ledger: {balance.accepted:,} complaints accepted, {balance.lost} lost, "
                f"{balance.doubled} doubled, {balance.altered} altered; {balance.unanswered} "
                f"without an answer, of which {balance.stored_without_answer} are stored. "
                f"{' '.join(balance.examples)}"
            )
        told = {name: figure for name, figure in self._of_run(balance).items() if figure}
        lines += [f"{name}: {told[name]:,.4g}" for name in told if name not in asdict(Balance())]
        print("\n".join([*lines, table(findings), ""]), flush=True)  # noqa: T201

    def _write(self, path: Path, balance: Balance | None, findings: list[Finding]) -> None:
        result = {
            "profile": self._options.profile or "",
            "host": self._host,
            "started_at": self.started_at.isoformat(timespec="seconds"),
            "duration": self._options.duration,
            "scale": self._options.scale,
            "passed": self.exit_code == 0,
            "notes": self.notes,
            "ledger": asdict(balance) if balance else None,
            RUN: self._of_run(balance),
            TOTAL: self.timeline.total().figures(),
            "endpoints": {n: w.figures() for n, w in sorted(self.timeline.measured().items())},
            "phases": {
                name: self.timeline.total([name]).figures() for name in self.timeline.windows
            },
            "requests": self._environment.runner.stats.total.num_requests,
            "samples": self.timeline.told(),
            "findings": [{**asdict(f), "is_good": f.is_good} for f in findings],
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(result, indent=1) + "\n")
