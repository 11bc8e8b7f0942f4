"""`manage.py db_worker`: the worker of django-tasks, which keeps the schedule as well."""

from argparse import ArgumentParser
from typing import Any

from django_tasks_db.management.commands.db_worker import Command as WorkerCommand

from smart311 import schedule


class Command(WorkerCommand):
    help = "Run background tasks, and enqueue those that are due by settings.SCHEDULE"

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--no-schedule", action="store_true", help="leave the schedule to other workers"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not options.pop("no_schedule") and not options["batch"]:
            schedule.start()
        super().handle(*args, **options)
