"""`manage.py redact_descriptions`: what the public reads of descriptions, renewed."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from tqdm import tqdm

from complaints.management.cities import city_of
from complaints.models import City
from complaints.publication import outdated, renew


class Command(BaseCommand):
    help = (
        "Redact anew what people wrote: after the rules have changed, or to change with --policy "
        "whether the public reads descriptions at all. Private ones vanish from every list at "
        "once, redacted ones appear batch by batch. Does only what is not done yet; safe to stop "
        "and to run again. Redaction finds telephone numbers, e-mail addresses, links, card and "
        "social security numbers, apartments and licence plates; it cannot find names."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--city", default=settings.CITY, help="slug of the city (default %(default)s)"
        )
        parser.add_argument(
            "--policy",
            choices=City.DescriptionPolicy.values,
            help="private: descriptions are for the filer and staff; redacted: public, redacted",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        city = city_of(options["city"])
        if options["policy"]:
            city.description_policy = options["policy"]
            city.save(update_fields=["description_policy"])
        with tqdm(total=outdated(city).count(), unit=" complaints") as bar:
            renewed = renew(city, bar.update)
            if options["policy"]:
                # What was filed meanwhile by a process that knew the old policy yet.
                time.sleep(settings.FORECAST_REFRESH_SECONDS)
                renewed += renew(city, bar.update)
        self.stdout.write(
            f"Descriptions of {city.name} are {city.description_policy}: {renewed.read:,} "
            f"complaints redacted anew, the public reads something else of {renewed.changed:,}."
        )
