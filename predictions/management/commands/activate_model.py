"""`manage.py activate_model VERSION`: let a stored version serve."""

from argparse import ArgumentParser
from getpass import getuser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from predictions.models import ModelVersion
from predictions.registry import ReasonNeeded, Unfit, activate


class Command(BaseCommand):
    help = (
        "Let a stored model version serve. It is loaded and asked its canned queries first; "
        "running web and lane processes change over within seconds."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("version", metavar="VERSION")
        parser.add_argument(
            "--reason",
            default="",
            help="why; needed for a version that the gate refused or somebody withdrew",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            version = ModelVersion.objects.get(version=options["version"])
        except ModelVersion.DoesNotExist as error:
            known = ModelVersion.objects.values_list("version", flat=True)[:10]
            raise CommandError(
                f"there is no version {options['version']!r} (newest: {', '.join(known) or 'none'})"
            ) from error
        try:
            activate(version, by=operator(), reason=options["reason"])
        except (ReasonNeeded, Unfit) as error:
            raise CommandError(f"{error} Nothing has changed.") from error
        self.stdout.write(f"{version.version} serves now.")


def operator() -> str:
    """Who types: the account of the system."""
    try:
        return f"{getuser()} (command line)"
    # A container may run under a number without a name.
    except (KeyError, OSError):
        return "command line"
