"""Roll-ups, kept exact by triggers that append what changes."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0006_forms_and_duplicates")]

    operations = [
        migrations.RunSQL(
            (SQL / "0007_rollups.sql").read_text(),
            (SQL / "0007_rollups_reverse.sql").read_text(),
        ),
    ]
