"""Let the database write a complaint's events itself."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0001_initial")]

    operations = [
        migrations.RunSQL(
            (SQL / "0002_events.sql").read_text(),
            (SQL / "0002_events_reverse.sql").read_text(),
        ),
    ]
