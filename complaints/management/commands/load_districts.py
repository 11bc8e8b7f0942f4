"""`manage.py load_districts FILE`: the boundaries of a city's districts."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from complaints.boundaries import renew_districts
from complaints.boundary_files import BadBoundaryFile, load_areas, read_areas, read_features
from complaints.management.cities import city_of
from complaints.models import City, Complaint, District


class Command(BaseCommand):
    help = (
        "Load the boundaries of a city's districts from a GeoJSON file (WGS 84). From then on the "
        "district of a new complaint is the smallest area that holds its point; without "
        "boundaries it is that of most earlier complaints nearby. All or nothing; the same file "
        "again changes nothing. Running servers notice within seconds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--city", default=settings.CITY, help="slug of the city (default %(default)s)"
        )
        parser.add_argument(
            "--kind", choices=District.Kind.values, required=True, help="what the areas are"
        )
        parser.add_argument(
            "--code-property",
            metavar="NAME",
            required=True,
            help="property with the code of each area, such as boro_cd",
        )
        parser.add_argument(
            "--name-property", metavar="NAME", help="property with its name (default: the code)"
        )
        parser.add_argument(
            "--backfill",
            choices=("missing", "all"),
            help="give complaints already stored the district they lie in: those without one, or "
            "all; those outside of every area keep theirs",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        city = city_of(options["city"])
        try:
            features = read_features(options["file"])
            with tqdm(total=len(features), desc=options["file"].name, unit="area") as bar:
                areas, mended = read_areas(
                    features, options["code_property"], options["name_property"], bar.update
                )
            loaded = load_areas(city, options["kind"], areas)
        except BadBoundaryFile as error:
            raise CommandError(f"{error}; nothing was loaded") from error
        self.stdout.write(
            f"{len(areas)} areas: {loaded.new} boundaries new, {loaded.changed} changed, "
            f"{loaded.unchanged} unchanged."
        )
        if mended:
            self.stdout.write(f"{mended} had lines that cross and were mended.")
        if loaded.districts:
            self.stdout.write(f"New districts: {', '.join(loaded.districts)}.")
        if options["backfill"]:
            self._backfill(city, options["backfill"] == "missing")

    def _backfill(self, city: City, only_missing: bool) -> None:
        rows = Complaint.objects.filter(city=city, cell__isnull=False)
        total = (rows.filter(district=None) if only_missing else rows).count()
        with tqdm(total=total, desc="complaints", unit="row") as bar:
            changed = renew_districts(city, only_missing, bar.update)
        self.stdout.write(f"{changed:,} of {total:,} complaints got another district.")
