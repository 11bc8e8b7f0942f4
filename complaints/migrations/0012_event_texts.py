"""Let events say which agency, which original, which status."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0011_imports")]

    operations = [
        migrations.RunSQL(
            (SQL / "0012_event_texts.sql").read_text(),
            (SQL / "0012_event_texts_reverse.sql").read_text(),
        ),
    ]
