"""The page Work lists the runs that ended last, of however many."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("restoration", "0019_turns")]

    operations = [
        migrations.AddIndex(
            model_name="stagerun",
            index=models.Index(
                models.OrderBy(models.F("ended"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(status__in=["done", "cancelled"]),
                name="runs_that_ended",
            ),
        ),
    ]
