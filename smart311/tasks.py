"""Tasks of the project itself."""

from django.core.management import call_command
from django_tasks import task


@task()
def forget_old_results() -> None:
    """Delete ended sessions, results of tasks after three days, and of failed ones after 14."""
    call_command("clearsessions")
    call_command("prune_db_task_results", min_age_days=3, failed_min_age_days=14)
