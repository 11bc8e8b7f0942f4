from typing import Any

from django.core.management.base import BaseCommand

from complaints.rollups.folding import fold


class Command(BaseCommand):
    help = (
        "Fold what changes of complaints appended into the roll-up tables. Statistics are exact "
        "before and after; afterwards they are faster."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{fold():,} changes folded.")
