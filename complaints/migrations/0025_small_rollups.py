"""Smaller roll-ups for what is asked most, and channels by day."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0024_words_beside_slashes")]

    operations = [
        migrations.RunSQL(
            (SQL / "0025_small_rollups.sql").read_text(),
            (SQL / "0025_small_rollups_reverse.sql").read_text(),
        ),
    ]
