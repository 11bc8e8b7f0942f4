"""Let the link to an original be taken back, one by one and in bulk."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("complaints", "0022_updates_index")]

    operations = [
        migrations.RunSQL(
            (SQL / "0023_unlinked_duplicates.sql").read_text(),
            (SQL / "0023_unlinked_duplicates_reverse.sql").read_text(),
        ),
        migrations.RemoveConstraint(
            model_name='bulkstep',
            name='bulk_kind_is_known',
        ),
        migrations.RemoveConstraint(
            model_name='complaintevent',
            name='event_kind_is_known',
        ),
        migrations.AlterField(
            model_name='bulkstep',
            name='kind',
            field=models.CharField(choices=[('assign', 'Assign'), ('close', 'Close'), ('duplicate', 'Mark as duplicates'), ('unlink', 'Not duplicates')], max_length=10),
        ),
        migrations.AlterField(
            model_name='complaintevent',
            name='kind',
            field=models.CharField(choices=[('opened', 'Opened'), ('status_changed', 'Status Changed'), ('assigned', 'Assigned'), ('commented', 'Commented'), ('duplicate_linked', 'Duplicate Linked'), ('duplicate_unlinked', 'Duplicate Unlinked'), ('closed', 'Closed'), ('reopened', 'Reopened'), ('corrected', 'Corrected'), ('erased', 'Personal data erased')], max_length=20),
        ),
        migrations.AddConstraint(
            model_name='bulkstep',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['assign', 'close', 'duplicate', 'unlink'])), name='bulk_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='complaintevent',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['opened', 'status_changed', 'assigned', 'commented', 'duplicate_linked', 'duplicate_unlinked', 'closed', 'reopened', 'corrected', 'erased'])), name='event_kind_is_known'),
        ),
    ]
