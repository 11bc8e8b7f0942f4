"""Let the database write deadlines into its queries instead of calling a function."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0016_autovacuum")]

    operations = [
        migrations.RunSQL(
            (SQL / "0017_deadlines.sql").read_text(),
            (SQL / "0017_deadlines_reverse.sql").read_text(),
        ),
    ]
