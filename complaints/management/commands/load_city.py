"""`manage.py load_city FOLDER`: a city, its agencies, complaint types and districts."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from complaints.city_files import BadCityFile, load_city


class Command(BaseCommand):
    help = (
        "Create or renew a city from a folder that holds city.toml, agencies.csv, "
        "complaint_types.csv and districts.csv (fixtures/nyc is one), or from a city.toml alone "
        "(fixtures/cities has five): importing fills in the rest. Nothing is deleted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER_OR_FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            city = load_city(options["folder"])
        except (BadCityFile, ValidationError) as error:
            raise CommandError(f"{error}; nothing was loaded") from error
        self.stdout.write(
            f"{city.name}: {city.agencies.count()} agencies, "
            f"{city.complaint_types.count()} complaint types, {city.districts.count()} districts."
        )
