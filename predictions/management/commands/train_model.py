"""`manage.py train_model`: learn from the complaints in the database, evaluate, serve."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from complaints.models import City
from complaints.moments import parse_moment
from predictions.gate import reasons
from predictions.ml.evaluation import format_table
from predictions.ml.labels import TooFewComplaints
from predictions.models import ModelVersion
from predictions.registry import Unfit
from predictions.training import train_version
from predictions.watch import note_retraining


class Command(BaseCommand):
    help = (
        "Train the forecast on a city's complaints as they were known at a moment, print its "
        "errors beside those of Kaplan-Meier and the naive median, store it, and let it serve "
        "if it is better than these and than the version that serves now."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--city", default=settings.CITY, help="slug of the city (default %(default)s)"
        )
        parser.add_argument(
            "--as-of",
            metavar="TIME",
            help="a date or ISO 8601 time, on the city's clock unless it has an offset: training "
            "knows nothing of what happened later (default: now)",
        )

        parser.add_argument(
            "--single",
            action="store_true",
            help="train once instead of twice: as of the moment at which the test begins, a week "
            "before --as-of, so that this very version is tested; a first model is there sooner",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        city = self._city(options["city"])
        try:
            as_of = (
                parse_moment(options["as_of"], city.zone) if options["as_of"] else timezone.now()
            )
        except ValueError as error:
            raise CommandError(f"--as-of: {error}") from error
        with tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed}") as bar:
            try:
                version = train_version(
                    city,
                    as_of,
                    lambda text, share: _show(bar, text, share),
                    single=options["single"],
                )
            except TooFewComplaints as error:
                raise CommandError(f"{error}; nothing was stored") from error
            except Unfit as error:
                raise CommandError(f"{error}; it was stored and refused") from error
        if options["single"]:
            # A newer one would be refused before a day has passed: its rehearsal is this one.
            note_retraining(city, timezone.now())
        self.stdout.write(format_table(version.metrics))
        self.stdout.write(_outcome(version))

    def _city(self, slug: str) -> City:
        try:
            return City.objects.get(slug=slug)
        except City.DoesNotExist as error:
            known = ", ".join(City.objects.values_list("slug", flat=True)) or "none"
            raise CommandError(f"there is no city {slug!r} (known: {known})") from error


def _outcome(version: ModelVersion) -> str:
    if version.status == ModelVersion.Status.ACTIVE:
        return f"{version.version} serves now."
    lines = [f"{version.version} is stored, but the gate refused it:"]
    lines += [f"  {reason}" for reason in reasons(version.verdict)]
    lines.append(
        f"To let it serve all the same: manage.py activate_model {version.version} --reason WHY"
    )
    return "\n".join(lines)


def _show(bar: "tqdm[Any]", text: str, share: float) -> None:
    bar.set_description(text, refresh=False)
    bar.n = round(share * 100)
    bar.refresh()
