"""Autovacuum and fresh statistics after thousands of changes, not after millions."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0015_bulk_steps")]

    operations = [
        migrations.RunSQL(
            (SQL / "0016_autovacuum.sql").read_text(),
            (SQL / "0016_autovacuum_reverse.sql").read_text(),
        ),
    ]
