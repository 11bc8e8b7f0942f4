"""`manage.py erase_reporters --older-than 90d`."""

import logging
import re
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from complaints.erasure import AlreadyRunning, Erasure, erase
from complaints.management.cities import city_of

logger = logging.getLogger(__name__)

_DAYS = re.compile(r"([0-9]{1,5})d")


def _age(text: str) -> timedelta:
    if not (found := _DAYS.fullmatch(text)):
        raise ArgumentTypeError(f"got {text[:50]!r}, expected days such as 90d")
    return timedelta(days=int(found[1]))


class Command(BaseCommand):
    help = (
        "Erase who filed the complaints that were closed so long ago: name, e-mail address and "
        "telephone number, the description as filed, the address of the picture, what redaction "
        "took out of public fields, and all of that in the answers kept for requests sent again. "
        "What is public stays, the redacted description too. So does what staff wrote in comments: "
        "a history is append-only. Open complaints keep their reporter, who may still be asked, "
        "unless --open-too is given. Safe to run at any time and to stop; run it again and it goes "
        "on. Each complaint's history says, to staff, that it happened."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--older-than",
            type=_age,
            required=True,
            metavar="DAYS",
            help="days since the closing, such as 90d",
        )
        parser.add_argument(
            "--city", default=settings.CITY, help="slug of the city (default %(default)s)"
        )
        parser.add_argument(
            "--open-too",
            action="store_true",
            help="complaints still open as well, if they were filed so long ago",
        )
        parser.add_argument(
            "--keep-text",
            action="store_true",
            help="leave descriptions and pictures, for staff; erase only who filed",
        )
        parser.add_argument("--dry-run", action="store_true", help="only count")

    def handle(self, *args: Any, **options: Any) -> None:
        erasure = Erasure(
            city=city_of(options["city"]),
            before=timezone.now() - options["older_than"],
            is_open_too=options["open_too"],
            keeps_text=options["keep_text"],
        )
        due = erasure.due().count()
        if options["dry_run"]:
            self.stdout.write(f"{due:,} complaints have personal data to erase; none was erased.")
            return
        try:
            with tqdm(total=due, unit=" complaints") as bar:
                erased = erase(erasure, bar.update)
        except AlreadyRunning as error:
            raise CommandError(f"another erasure of {error} is running") from error
        words = (
            f"{erased.complaints:,} complaints and {erased.receipts:,} kept answers lost their "
            "personal data."
        )
        logger.info("%s, closed before %s: %s", erasure.city.slug, erasure.before, words)
        self.stdout.write(words)
