"""Months by type, for questions about long times."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0013_queues")]

    operations = [
        migrations.RunSQL(
            (SQL / "0014_rollup_of_months.sql").read_text(),
            (SQL / "0014_rollup_of_months_reverse.sql").read_text(),
        ),
    ]
