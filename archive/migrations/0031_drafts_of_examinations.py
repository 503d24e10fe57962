"""An examination half typed is kept as a description is."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0030_events_of_a_subject")]

    operations = [
        migrations.AddField(
            model_name="descriptiondraft",
            name="form",
            field=models.CharField(
                choices=[("description", "description"), ("examination", "examination")],
                default="description",
                max_length=20,
            ),
        ),
        migrations.RemoveConstraint(model_name="descriptiondraft", name="one_draft_a_person"),
        migrations.AddConstraint(
            model_name="descriptiondraft",
            constraint=models.UniqueConstraint(
                fields=["reel", "owner", "form"], name="one_draft_a_person"
            ),
        ),
    ]
