"""`manage.py db_worker`: the worker of django-tasks, which keeps the schedule as well."""

import logging
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

    def configure_logging(self, verbosity: int) -> None:
        super().configure_logging(verbosity)
        if verbosity == 1:
            # Two lines for each task of the schedule, every minute, would hide what matters.
            for name in ("django_tasks", "django_tasks_db"):
                logging.getLogger(name).setLevel(logging.WARNING)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options.pop("no_schedule") and not options["batch"]:
            schedule.start()
        super().handle(*args, **options)
