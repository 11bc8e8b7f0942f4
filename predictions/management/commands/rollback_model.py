"""`manage.py rollback_model`: back to the version that served before."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from predictions.management.commands.activate_model import operator
from predictions.models import ModelVersion
from predictions.registry import roll_back


class Command(BaseCommand):
    help = (
        "Withdraw the version that serves now and go back to the one before it. Again: one further."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--city", default=settings.CITY, help="slug of the city (default %(default)s)"
        )
        parser.add_argument("--reason", default="", help="why; kept with both versions")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["city"]
        active = ModelVersion.objects.active().without_bytes().filter(city__slug=slug).first()
        if active is None:
            raise CommandError(f"no version is active for {slug!r}; there is nothing to roll back")
        try:
            before = roll_back(active, by=operator(), reason=options["reason"])
        except ValueError as error:
            raise CommandError(f"{error} Nothing has changed.") from error
        self.stdout.write(f"{active.version} is withdrawn; {before.version} serves again.")
