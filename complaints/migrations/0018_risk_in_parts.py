"""Find the complaints that are likely to be late by an index, not by sorting all open ones."""

from pathlib import Path

from django.db import migrations, models

import complaints.models.promise

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0017_deadlines")]

    operations = [
        migrations.RunSQL(
            (SQL / "0018_risk_in_parts.sql").read_text(),
            (SQL / "0018_risk_in_parts_reverse.sql").read_text(),
        ),
        migrations.RemoveIndex(model_name="complaint", name="complaint_open_by_deadline"),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                models.F("agency"),
                complaints.models.promise.Deadline(),
                complaints.models.promise.LikelyLate(),
                condition=models.Q(("status", "closed"), _negated=True),
                name="complaint_open_by_deadline",
            ),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                fields=["-created_at", "-id"],
                condition=models.Q(("status", "closed"), _negated=True),
                name="complaint_open_by_created",
            ),
        ),
    ]
