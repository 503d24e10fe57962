"""What a run takes, and what a worker has."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("restoration", "0022_requests")]

    operations = [
        migrations.AddField(
            model_name="stagerun",
            name="memory",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="GiB that it takes at most; 0: nobody has worked it out",
            ),
        ),
        migrations.AddField(
            model_name="worker",
            name="memory",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="GiB that its runs may take; 0: it does not say"
            ),
        ),
    ]
