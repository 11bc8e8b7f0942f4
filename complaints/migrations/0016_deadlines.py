"""Let the database write deadlines into its queries instead of calling a function."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0015_bulk_steps")]

    operations = [
        migrations.RunSQL(
            (SQL / "0016_deadlines.sql").read_text(),
            (SQL / "0016_deadlines_reverse.sql").read_text(),
        ),
    ]
