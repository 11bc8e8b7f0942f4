"""Tasks of the project itself."""

from django.core.management import call_command
from django_tasks import task


@task()
def forget_old_results() -> None:
    """Delete what is told of tasks that ended three days ago, and failed two weeks ago."""
    call_command("prune_db_task_results", min_age_days=3, failed_min_age_days=14)
