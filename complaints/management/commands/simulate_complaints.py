"""`manage.py simulate_complaints`: synthetic complaints as NYC open-data CSV."""

from __future__ import annotations

import math
import os
import sys
from argparse import ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from complaints.simulation import Block, Calibration, CalibrationError, Simulation, rows
from complaints.simulation.output import Writable, whole_file, write_csv

# The committed sample, fixtures/nyc/sample_complaints.csv.gz: seven whole weeks without a change
# of clocks, at a tenth of the city's real volume.
START = date(2019, 4, 1)
DAYS = 49
PER_DAY = 612.0
SEED = 311

FIRST_YEAR, LAST_YEAR = 1900, 2200
MOST_DAYS = 36_525
MOST_PER_DAY = 500_000.0
"""Eighty New Yorks; six hours of it are held at a time, 200 MB (measured)."""
STANDARD_OUTPUT = "-"
SILENT_SECONDS = 2


class Command(BaseCommand):
    help = (
        "Make synthetic complaints with the statistics of New York's and none of its rows, as CSV "
        "in the form of NYC's open data, sorted by creation. The same options give the same bytes."
    )
    epilog = (
        "Examples:\n"
        "  simulate_complaints > sample.csv                       the sample in fixtures/\n"
        "  simulate_complaints --days 365 --per-day 10000 --output year.csv.gz\n"
        "  simulate_complaints --start 2026-01-05 --days 7 --seed 7 --output week.csv\n"
        "  simulate_complaints --days 1000 --per-day 10000 --store\n"
    )
    # Needs neither a database, unless it stores, nor the rest of the site.
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, epilog=self.epilog, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--start",
            type=_day,
            default=START,
            metavar="DATE",
            help=f"first day, YYYY-MM-DD (default {START}, a Monday)",
        )
        parser.add_argument(
            "--days", type=_days, default=DAYS, metavar="N", help=f"how many (default {DAYS})"
        )
        parser.add_argument(
            "--per-day",
            type=_per_day,
            default=PER_DAY,
            metavar="N",
            help=f"mean complaints a day (default {PER_DAY:g}; the city itself has about 6,100)",
        )
        parser.add_argument(
            "--seed",
            type=_seed,
            default=SEED,
            metavar="N",
            help=f"whole number from 0; another seed, other complaints (default {SEED})",
        )
        parser.add_argument(
            "--output",
            default=STANDARD_OUTPUT,
            metavar="FILE",
            help="CSV file, gzipped if it ends in .gz; - is standard output (default)",
        )
        parser.add_argument(
            "--store",
            action="store_true",
            help="store them in the database instead, as complaints of the source simulation",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            calibration = Calibration.load(Path(settings.BASE_DIR) / "fixtures" / "nyc")
        except CalibrationError as error:
            raise CommandError(f"the calibration cannot be read: {error}") from error
        simulation = Simulation(calibration, options["start"], options["per_day"], options["seed"])
        # No bar within the first seconds, none where nobody watches.
        days = tqdm(
            simulation.days(options["days"]),
            total=options["days"],
            unit="day",
            delay=SILENT_SECONDS,
            disable=not sys.stderr.isatty() or not options["verbosity"],
        )
        if options["store"]:
            self._store(days, calibration)
        elif options["output"] == STANDARD_OUTPUT:
            self._write_to_standard_output(days, calibration)
        else:
            self._write_to_file(Path(options["output"]), days, calibration)

    def _store(self, days: Iterable[list[Block]], calibration: Calibration) -> None:
        # Loads polars, which writing CSV does without.
        from complaints.opendata.destination import UnknownCity, city_named
        from complaints.opendata.simulated import store
        from complaints.rollups.folding import fold

        try:
            summary = store(days, calibration, city_named(settings.CITY))
        except UnknownCity as error:
            raise CommandError(str(error)) from error
        fold()
        self.stderr.write(
            f"{summary.new:,} complaints stored, {summary.unchanged + summary.updated:,} known "
            f"before, {summary.rejected.total():,} rejected",
            style_func=str,
        )

    def _write_to_standard_output(
        self, days: Iterable[list[Block]], calibration: Calibration
    ) -> None:
        out: Writable = self.stdout
        try:
            write_csv(out, days, rows(calibration))
            self.stdout.flush()
        except BrokenPipeError:
            # The reader (`| head`) has enough. Python flushes once more at its end: into nothing.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def _write_to_file(
        self, path: Path, days: Iterable[list[Block]], calibration: Calibration
    ) -> None:
        try:
            with whole_file(path) as file:
                written = write_csv(file, days, rows(calibration))
        except OSError as error:
            raise CommandError(f"cannot write {path}: {error.strerror or error}") from error
        # Standard error is red by default; this is no error.
        self.stderr.write(f"{written:,} complaints written to {path}", style_func=str)


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"got {text[:50]!r}, expected a date such as {START}") from None
    if not FIRST_YEAR <= day.year < LAST_YEAR:
        raise ArgumentTypeError(f"got {day}, expected a year from {FIRST_YEAR} to {LAST_YEAR - 1}")
    return day


def _days(text: str) -> int:
    return _whole_number(text, 1, MOST_DAYS)


def _seed(text: str) -> int:
    return _whole_number(text, 0, 2**63 - 1)


def _whole_number(text: str, least: int, most: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if not least <= number <= most:
        raise ArgumentTypeError(
            f"got {text[:50]!r}, expected a whole number from {least:,} to {most:,}"
        )
    return number


def _per_day(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number <= MOST_PER_DAY:
        raise ArgumentTypeError(
            f"got {text[:50]!r}, expected a number above 0, at most {MOST_PER_DAY:,.0f}"
        )
    return number
