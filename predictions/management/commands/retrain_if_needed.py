"""`manage.py retrain_if_needed`, for cron."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from complaints.management.cities import city_of
from predictions import promises, watch
from predictions.gate import reasons
from predictions.ml.labels import TooFewComplaints
from predictions.models import ModelVersion
from predictions.registry import Unfit
from predictions.training import train_version

SERVES_NOW, REFUSED = 10, 11


class Command(BaseCommand):
    help = (
        "Check a city's forecasts (drift of what is filed, promises kept, age of the model) and "
        "train a new version if there is a reason. Exit code 0: nothing was needed; 10: trained, "
        "and the new version serves; 11: trained, and the gate kept the old one; 1: it failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--city", default=settings.CITY, help="slug of the city (default %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        city, now = city_of(options["city"]), timezone.now()
        promises.count_promises(city, now)
        found = watch.reasons_to_train(city, now)
        if not found:
            self.stdout.write("Nothing to do.")
            return
        self.stdout.write("\n".join(found))
        watch.note_retraining(city, now)
        try:
            version = train_version(city, now, lambda text, share: None)
        except (TooFewComplaints, Unfit) as error:
            raise CommandError(str(error)) from error
        if version.status == ModelVersion.Status.ACTIVE:
            self.stdout.write(f"{version.version} is trained and serves now.")
            sys.exit(SERVES_NOW)
        self.stdout.write(f"{version.version} is trained; the gate kept the old one:")
        self.stdout.write("\n".join(reasons(version.verdict)))
        sys.exit(REFUSED)
