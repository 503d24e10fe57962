"""Relations are found from their other end too."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("archive", "0024_fixity_by_storage")]

    operations = [
        migrations.AddIndex("relation", models.Index(fields=["to"], name="relations_to")),
    ]
