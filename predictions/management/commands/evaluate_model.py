"""`manage.py evaluate_model`: how good the forecast would have been, beside the simple ones."""

import json
from argparse import ArgumentParser
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from complaints.models import City, ComplaintType
from complaints.moments import parse_moment
from predictions.ml.evaluation import Evaluation, format_table
from predictions.ml.folds import evaluate_folds
from predictions.ml.labels import TooFewComplaints
from predictions.training_data import read_complaints

MOMENT_HELP = "a date or ISO 8601 time, on the city's clock unless it has an offset"
MOST_FOLDS = 50


class Command(BaseCommand):
    help = (
        "Train the forecast as of a moment, test it on the complaints filed after it, and print "
        "its errors beside those of Kaplan-Meier per type, the medians of closed complaints, a "
        "random forest on closed complaints, and the hours the city promises. Nothing is stored."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--city", default=settings.CITY, help="slug of the city (default %(default)s)"
        )
        parser.add_argument(
            "--as-of",
            required=True,
            metavar="TIME",
            help=f"{MOMENT_HELP}: training knows nothing of what happened later, tests begin here",
        )
        parser.add_argument(
            "--test-until",
            required=True,
            metavar="TIME",
            help=f"{MOMENT_HELP}: complaints filed before it are tested",
        )
        parser.add_argument(
            "--restrict",
            type=float,
            default=168.0,
            metavar="HOURS",
            help="errors are those of the time to close or so many hours, whichever is less; only "
            "complaints that are known for so long are tested (default %(default)g)",
        )
        parser.add_argument(
            "--folds",
            type=int,
            default=1,
            metavar="N",
            help="repeat at N origins, the earlier ones each a test's length before the next",
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write all errors as JSON")
        parser.add_argument(
            "--card",
            type=Path,
            metavar="FILE",
            help="write tables and plots into a Markdown file, between its marks (needs "
            "matplotlib, which requirements-dev.txt has)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        city = self._city(options["city"])
        as_of = moment(options["as_of"], city, "--as-of")
        test_until = moment(options["test_until"], city, "--test-until")
        self._check(as_of, test_until, options)
        with tqdm(total=1000, bar_format="{l_bar}{bar}| {elapsed}") as bar:
            try:
                result = evaluate_folds(
                    read_complaints(city),
                    as_of=as_of,
                    test_until=test_until,
                    folds=options["folds"],
                    progress=lambda text, share: _show(bar, text, share),
                    time_zone=city.time_zone,
                    restrict_hours=options["restrict"],
                    promised_hours=_promised_hours(city),
                    forest=True,
                )
            except TooFewComplaints as error:
                raise CommandError(str(error)) from error
        self.stdout.write(format_table(result))
        self._write(result, city, options)

    def _check(self, as_of: datetime, test_until: datetime, options: dict[str, Any]) -> None:
        if test_until <= as_of:
            raise CommandError(f"--test-until: got {test_until}, expected a time after {as_of}")
        if not 1 <= options["restrict"] <= 1440:
            raise CommandError(
                f"--restrict: got {options['restrict']:g} hours, expected 1 to 1440, where the "
                "forecast's horizon lies"
            )
        if not 1 <= options["folds"] <= MOST_FOLDS:
            raise CommandError(f"--folds: got {options['folds']}, expected 1 to {MOST_FOLDS}")
        # Before the training, which takes minutes.
        for name in ("json", "card"):
            path: Path | None = options[name]
            if path and not path.parent.is_dir():
                raise CommandError(f"--{name}: there is no folder {path.parent}")
        if options["card"] and not find_spec("matplotlib"):
            raise CommandError("--card needs matplotlib: pip install -r requirements-dev.txt")

    def _write(self, result: Evaluation, city: City, options: dict[str, Any]) -> None:
        if path := options["json"]:
            path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
            self.stdout.write(f"All errors: {path}")
        if path := options["card"]:
            from predictions.ml.card import write_card

            for written in write_card(path, result, city.name, _command(city, options)):
                self.stdout.write(f"Written: {written}")

    def _city(self, slug: str) -> City:
        try:
            return City.objects.get(slug=slug)
        except City.DoesNotExist as error:
            known = ", ".join(City.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"there is no city {slug!r} (known: {known})") from error


def moment(text: str, city: City, option: str) -> datetime:
    """A time given as an option. Raises CommandError that names the option."""
    try:
        return parse_moment(text, city.zone)
    except ValueError as error:
        raise CommandError(f"{option}: {error}") from error


def _command(city: City, options: dict[str, Any]) -> str:
    """How to get the same figures again."""
    words = [f"manage.py evaluate_model --as-of {options['as_of']}"]
    words.append(f"--test-until {options['test_until']} --restrict {options['restrict']:g}")
    if options["folds"] > 1:
        words.append(f"--folds {options['folds']}")
    if city.slug != settings.CITY:
        words.append(f"--city {city.slug}")
    return " ".join(words)


def _promised_hours(city: City) -> dict[str, float]:
    types = ComplaintType.objects.filter(city=city).values_list("code", "promised_hours")
    return {code: hours for code, hours in types if hours is not None}


def _show(bar: "tqdm[Any]", text: str, share: float) -> None:
    bar.set_description(text, refresh=False)
    bar.n = round(share * 1000)
    bar.refresh()
