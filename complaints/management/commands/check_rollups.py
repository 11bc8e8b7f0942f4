from typing import Any

from django.core.management.base import BaseCommand, CommandError

from complaints.rollups.checking import check


class Command(BaseCommand):
    help = (
        "Compare the roll-ups exactly with the complaints. Names cells that differ and exits "
        "with 1 if there are any; rebuild_rollups mends them."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = check()
        if verdict.differing:
            lines = "\n".join(f"  {example}" for example in verdict.examples)
            raise CommandError(
                f"{verdict.differing:,} cells differ; excess over the complaints in some:\n{lines}"
            )
        self.stdout.write("0 cells differ.")
