"""Names that people gave to faces are carried over to the faces of a new run."""

from __future__ import annotations

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("restoration", "0013_cast")]

    operations = [
        migrations.AddField(
            model_name="naming",
            name="carried",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="How the face was found again: track, frames, place",
            ),
        ),
        migrations.AddField(
            model_name="naming",
            name="carried_from",
            field=models.ForeignKey(
                blank=True,
                help_text="The naming of an earlier run's face that this one stands for",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="carried_to",
                to="restoration.naming",
            ),
        ),
        migrations.AddField(
            model_name="naming",
            name="lost",
            field=models.CharField(
                blank=True,
                help_text="Why it was carried over to no face of a new run",
                max_length=200,
            ),
        ),
        migrations.AlterField(
            model_name="naming",
            name="at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, help_text="When the person said so"
            ),
        ),
    ]
