"""`manage.py promise_sample`: what the model would have said to the sample's complaints."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from complaints.management.cities import city_of
from predictions.ml.header import ModelError
from predictions.promises import count_promises
from predictions.sample_promises import promise_sample


class Command(BaseCommand):
    help = (
        "Give the sample's complaints the promise that a model which had not seen them would have "
        "given at filing, and count which were kept. Real complaints are left alone."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--city", default=settings.CITY, help="slug of the city (default %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        city, now = city_of(options["city"]), timezone.now()
        try:
            count = promise_sample(city, now)
        except ModelError as error:
            raise CommandError(str(error)) from error
        count_promises(city, now)
        self.stdout.write(f"{count:,} complaints of the sample have got a promise.")
