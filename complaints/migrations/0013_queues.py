"""What staff's queues are read with: deadlines, risks, and the indexes of open complaints."""

from pathlib import Path

from django.db import migrations, models

import complaints.models.promise

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0012_event_texts")]

    operations = [
        migrations.RunSQL(
            (SQL / "0013_promises.sql").read_text(),
            (SQL / "0013_promises_reverse.sql").read_text(),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                models.F("agency"),
                complaints.models.promise.Deadline(),
                condition=models.Q(("status", "closed"), _negated=True),
                name="complaint_open_by_deadline",
            ),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(("status", "closed"), _negated=True),
                fields=["updated_at"],
                name="complaint_open_by_updated",
            ),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(("external_id__isnull", False)),
                fields=["external_id"],
                name="complaint_by_external_id",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
    ]
