"""`manage.py load_sample`: the synthetic sample complaints, moved to the present."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from complaints.models import City
from complaints.rollups.folding import fold
from complaints.sample import load_sample


class Command(BaseCommand):
    help = (
        "Load the synthetic sample complaints, shifted to the present: what has happened by now. "
        "Run again, it adds what has happened since."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--city", default=settings.CITY, help="slug of the city (default %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            city = City.objects.get(slug=options["city"])
        except City.DoesNotExist as error:
            raise CommandError(
                f"there is no city {options['city']!r}; manage.py load_city creates it"
            ) from error
        summary = load_sample(city, timezone.now())
        fold()
        self.stdout.write(f"{summary.new:,} new and {summary.updated:,} changed complaints.")
