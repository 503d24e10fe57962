from __future__ import annotations

from django.db import migrations, models

KINDS = [
    ("dialogue", "dialogue"),
    ("intertitle", "intertitle"),
    ("sound", "sound"),
    ("note", "note"),
    ("catalogue", "catalogue"),
    ("store", "store and condition"),
]


class Migration(migrations.Migration):
    dependencies = [("review", "0017_queues_walk_their_order")]

    operations = [
        migrations.AlterField(
            model_name="searchline",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=12),
        ),
    ]
