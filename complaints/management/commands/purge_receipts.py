from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from complaints.receipts import KEPT, purge


class Command(BaseCommand):
    help = f"Forget idempotency keys older than {KEPT.days} days"

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{purge(timezone.now())} keys forgotten.")
