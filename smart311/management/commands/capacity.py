"""`manage.py capacity`: what hardware a city of so many complaints a day needs."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from smart311.capacity import READS_PER_COMPLAINT, Costs, Needs, needs

GIGABYTE = 1e9
MEASURED = Path("docs", "load", "costs.json")


class Command(BaseCommand):
    help = (
        "Say how many processors, how much memory and disk a city of N complaints a day needs, "
        "from what `make load PROFILE=steady` measured."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--city-size",
            type=int,
            nargs="+",
            required=True,
            metavar="N",
            help="complaints a day; several make a table",
        )
        parser.add_argument(
            "--reads-per-complaint",
            type=float,
            default=READS_PER_COMPLAINT,
            metavar="N",
            help=f"requests that read, for each complaint (default {READS_PER_COMPLAINT})",
        )
        parser.add_argument(
            "--measured",
            type=Path,
            default=Path(settings.BASE_DIR) / MEASURED,
            metavar="FILE",
            help=f"costs that a load test wrote (default {MEASURED})",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            costs = Costs(**json.loads(options["measured"].read_text())["costs"])
            found = [
                needs(size, costs, options["reads_per_complaint"]) for size in options["city_size"]
            ]
        except (OSError, KeyError, TypeError, ValueError) as error:
            raise CommandError(f"{type(error).__name__}: {error}") from error
        self.stdout.write(
            f"{'complaints':>12}{'filed':>9}{'read':>9}{'busy':>12}{'processors':>12}{'memory':>10}"
            f"{'disk':>13}\n"
            f"{'a day':>12}{'/s':>9}{'/s':>9}{'processors':>12}{'to have':>12}{'GB':>10}"
            f"{'GB a year':>13}"
        )
        for each in found:
            self.stdout.write(_row(each))


def _row(need: Needs) -> str:
    return (
        f"{need.complaints_per_day:>12,}{need.filings_per_second:>9.2f}"
        f"{need.reads_per_second:>9.1f}{need.busy_processors:>12.2f}{need.processors:>12}"
        f"{need.memory_bytes / GIGABYTE:>10.1f}{need.disk_bytes_a_year / GIGABYTE:>13.1f}"
    )
