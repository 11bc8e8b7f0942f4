from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from complaints.rollups.rebuilding import AlreadyRunning, count_complaints, rebuild


class Command(BaseCommand):
    help = (
        "Make the roll-ups anew from the complaints, while complaints are filed and read. Needed "
        "after a change of a city's time zone, and where check_rollups found differences."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with tqdm(total=count_complaints(), unit=" complaints", unit_scale=True) as bar:
                counted = rebuild(lambda count: _advance(bar, count))
        except AlreadyRunning as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"Rebuilt from {counted:,} complaints.")


def _advance(bar: "tqdm[Any]", count: int) -> None:
    bar.update(count)
